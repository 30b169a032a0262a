import { Header } from 'react-aria-components/Header'
import { Menu, MenuItem, MenuSection, MenuTrigger } from 'react-aria-components/Menu'
import { Popover, type PopoverProps } from 'react-aria-components/Popover'
import { Separator } from 'react-aria-components/Separator'
import { Fragment, useEffect, useRef, useState } from 'react'
import { Icon, type IconName } from './Icon'

export type Entry = {
  id: string
  label: string
  icon?: IconName
  keys?: string
  danger?: boolean
  disabled?: boolean
  /** Ticked: one of several. */
  on?: boolean
  run: () => void
}

/** Entries, with a line between each group and the next. */
export type Groups = { head?: string; entries: Entry[] }[]

const find = (groups: Groups, id: React.Key): Entry | undefined => groups.flatMap((group) => group.entries).find((entry) => entry.id === id)

export function MenuBody({ groups, label, close }: { groups: Groups; label: string; close?: () => void }) {
  const full = groups.filter((group) => group.entries.length)
  return (
    <Menu
      className="menu"
      aria-label={label}
      onAction={(id) => find(full, id)?.run()}
      {...(close ? { onClose: close, autoFocus: 'first' as const } : {})}
      disabledKeys={full.flatMap((group) => group.entries.filter((entry) => entry.disabled).map((entry) => entry.id))}
    >
      {full.map((group, at) => (
        <Fragment key={group.entries[0]?.id}>
          {at > 0 && <Separator className="menu-line" />}
          <MenuSection {...(group.head ? {} : { 'aria-label': label })}>
            {group.head && <Header className="menu-head">{group.head}</Header>}
            {group.entries.map((entry) => <Line key={entry.id} entry={entry} />)}
          </MenuSection>
        </Fragment>
      ))}
    </Menu>
  )
}

function Line({ entry }: { entry: Entry }) {
  return (
    <MenuItem id={entry.id} className={`menu-item ${entry.danger ? 'menu-item--danger' : ''}`} textValue={entry.label}>
      {entry.on !== undefined ? <Icon name="check" className={entry.on ? '' : 'invisible'} /> : entry.icon && <Icon name={entry.icon} />}
      <span>{entry.label}{entry.on && <span className="hidden"> ✓</span>}</span>
      {entry.keys && <kbd>{entry.keys}</kbd>}
    </MenuItem>
  )
}

type MenuProps = { label: string; groups: Groups; children: React.ReactNode; placement?: PopoverProps['placement'] }

/** A button, and the menu it opens. */
export function WithMenu({ label, groups, children, placement = 'bottom end' }: MenuProps) {
  return (
    <MenuTrigger>
      {children}
      <Popover className="popover" placement={placement} offset={6}>
        <MenuBody groups={groups} label={label} />
      </Popover>
    </MenuTrigger>
  )
}

type AtProps = { at: { x: number; y: number }; label: string; groups: Groups; close: () => void }

/** The same menu where the pointer is. */
export function ContextMenu({ at, label, groups, close }: AtProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  const [there, setThere] = useState(false)
  useEffect(() => setThere(true), [])
  return (
    <>
      <span ref={anchor} style={{ position: 'fixed', left: at.x, top: at.y }} />
      <Popover className="popover" aria-label={label} isOpen={there} onOpenChange={(open) => !open && close()} triggerRef={anchor} placement="bottom start" offset={0}>
        <MenuBody groups={groups} label={label} close={close} />
      </Popover>
    </>
  )
}

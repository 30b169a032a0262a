import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, useState } from 'react'
import { moveItems, placeName } from '../../actions/library'
import { treeQuery } from '../../actions/queries'
import { mayDrop } from '../../model/drop'
import type { Key } from '../../model/path'
import { buildTree } from '../../model/tree'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { Icon } from '../../parts/Icon'
import { t } from '../../text'

type Props = { client: string; keys: readonly Key[]; done: () => void; close: () => void }
type Choice = { path: string; level: number; name: string; ok: boolean }

const ROW = 36

/** Every folder, to be found by words and chosen by arrows; what cannot take the selection cannot be chosen. */
export function Move({ client, keys, done, close }: Props) {
  const { data } = useQuery(treeQuery(client))
  const [words, setWords] = useState('')
  const [chosen, choose] = useState<string | null>(null)
  const choices = useMemo(() => choicesOf(data ?? [], keys, words), [data, keys, words])
  const target = choices.find((choice) => choice.ok && choice.path === chosen)

  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    if (!target) return
    close()
    done()
    void moveItems(client, keys, target.path)
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    event.preventDefault()
    const open = choices.filter((choice) => choice.ok)
    const at = open.findIndex((choice) => choice.path === chosen)
    const next = open[event.key === 'ArrowDown' ? Math.min(open.length - 1, at + 1) : Math.max(0, at - 1)]
    if (next) choose(next.path)
  }

  return (
    <Dialog title={t.move.title(keys.length)} close={close}>
      <form onSubmit={submit} className="move">
        <input className="input" type="search" value={words} onChange={(event) => setWords(event.target.value)} onKeyDown={onKeyDown} placeholder={t.move.search} aria-label={t.move.search}
          autoFocus autoComplete="off" role="combobox" aria-expanded="true" aria-controls="move-list" aria-activedescendant={target ? `move-${target.path}` : undefined} />
        <Choices choices={choices} chosen={target?.path ?? null} choose={choose} />
        <p className="move-to" aria-live="polite">{target ? t.move.to(target.path || t.library.root) : ''}</p>
        <DialogFoot>
          <Button onPress={close}>{t.common.cancel}</Button>
          <Button look="main" type="submit" isDisabled={!target}>{t.move.move}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

function choicesOf(list: Parameters<typeof buildTree>[0], keys: readonly Key[], words: string): Choice[] {
  const wanted = words.trim().toLowerCase()
  const found: Choice[] = []
  const visit = (folder: ReturnType<typeof buildTree>['root'], level: number) => {
    const name = placeName(folder.path)
    if (!wanted || folder.path.toLowerCase().includes(wanted) || (!folder.path && name.toLowerCase().includes(wanted))) {
      found.push({ path: folder.path, level: wanted ? 0 : level, name: wanted && folder.path ? folder.path : name, ok: mayDrop(keys, folder.path) === 'yes' })
    }
    for (const child of folder.children) visit(child, level + 1)
  }
  visit(buildTree(list).root, 0)
  return found
}

function Choices({ choices, chosen, choose }: { choices: Choice[]; chosen: string | null; choose: (path: string) => void }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: choices.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 })
  const at = choices.findIndex((choice) => choice.path === chosen)
  const shown = useRef(-1)
  if (at >= 0 && at !== shown.current) {
    shown.current = at
    queueMicrotask(() => virtual.scrollToIndex(at))
  }
  if (!choices.length) return <p className="move-none">{t.move.none}</p>
  return (
    <div className="move-list" ref={scroller} tabIndex={0}>
      <div role="listbox" id="move-list" aria-label={t.move.label} style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const choice = choices[item.index]
          return choice && (
            <div key={choice.path} id={`move-${choice.path}`} role="option" aria-selected={choice.path === chosen} aria-disabled={!choice.ok} aria-posinset={item.index + 1} aria-setsize={choices.length}
              className="move-choice" style={{ transform: `translateY(${item.start}px)`, paddingInlineStart: `${0.75 + choice.level}rem` }} onClick={() => choice.ok && choose(choice.path)}>
              <Icon name="folder" /><span className="clip">{choice.name}</span>{choice.path === chosen && <Icon name="check" />}
            </div>
          )
        })}
      </div>
    </div>
  )
}

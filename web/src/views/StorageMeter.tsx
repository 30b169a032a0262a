import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Button } from 'react-aria-components/Button'
import { Popover } from 'react-aria-components/Popover'
import { storageQuery } from '../actions/queries'
import type { Storage } from '../api/schema'
import { type Fullness, fullnessOf } from '../model/storage'
import { Icon } from '../parts/Icon'
import { figures, t } from '../text'
import { useHere } from './session'

const wordsOf = ({ used, limit }: Fullness) =>
  limit === null ? t.storage.unlimited(figures.bytes(used)) : t.storage.used(figures.bytes(used), figures.bytes(limit))

/** How full the library is, with the reasons behind a press. */
export function StorageMeter() {
  const { client } = useHere()
  const { data: storage } = useQuery(storageQuery(client.id))
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  if (!storage) return <div className="meter-box"><div className="skeleton" style={{ height: '2.5rem' }} /></div>
  const full = fullnessOf(storage)
  return (
    <>
      <Button className="meter-box" ref={button} aria-expanded={open} onPress={() => setOpen(!open)}>
        <span className="meter-words"><span>{t.storage.title}</span><span className="num">{wordsOf(full)}</span></span>
        <Bar full={full} />
        {full.level !== 'calm' && <span className={`meter-note meter-note--${full.level}`}><Icon name="warn" />{t.storage[full.level]}</span>}
      </Button>
      <Popover className="popover" placement="top start" offset={8} triggerRef={button} isOpen={open} onOpenChange={setOpen} aria-label={t.storage.show}>
        <div className="meter-more"><More storage={storage} full={full} /></div>
      </Popover>
    </>
  )
}

export function Bar({ full }: { full: Fullness }) {
  if (full.limit === null) return null
  const part = (bytes: number) => `${Math.min(100, (100 * bytes) / Math.max(1, full.limit ?? 1))}%`
  return (
    <span className="meter" data-level={full.level} aria-hidden="true">
      <span className="meter-used" style={{ width: part(full.used) }} />
      <span className="meter-reserved" style={{ width: part(full.reserved) }} />
    </span>
  )
}

function More({ storage, full }: { storage: Storage; full: Fullness }) {
  return (
    <>
      <h2>{t.storage.title}</h2>
      <p className="num">{wordsOf(full)}{full.share !== null && ` (${figures.percent(full.share)})`}</p>
      <Bar full={full} />
      <ul>
        {full.reserved > 0 && <li>{t.storage.reserved(figures.bytes(full.reserved))}</li>}
        <li>{t.storage.derived(figures.bytes(storage.derived_bytes))}</li>
        {storage.temp_bytes > 0 && <li>{t.storage.temporary(figures.bytes(storage.temp_bytes))}</li>}
      </ul>
      {full.level !== 'calm' && (
        <p className={`meter-note meter-note--${full.level}`}>{t.storage[full.level]} {full.level === 'blocked' ? t.storage.whatToDoBlocked : t.storage.whatToDo}</p>
      )}
    </>
  )
}

/** Above the files, when it matters to whoever wants to put more there. */
export function StorageNote() {
  const { client } = useHere()
  const { data } = useQuery(storageQuery(client.id))
  const level = data ? fullnessOf(data).level : 'calm'
  if (level === 'calm' || level === 'warn') return null
  return (
    <p className={`storage-note meter-note meter-note--${level}`} role="status">
      <Icon name="warn" />
      <span><strong>{t.storage[level]}</strong> {level === 'blocked' ? t.storage.whatToDoBlocked : t.storage.whatToDo}</span>
    </p>
  )
}

// What is under way, kept by the browser, so that the panel can go on with it after it was closed.
import type { Upload } from './queue'

export type Entry = Pick<Upload, 'id' | 'client' | 'folder' | 'name' | 'shown' | 'size' | 'type' | 'modified' | 'overwrite' | 'url' | 'sent' | 'round' | 'handle'> & { person: string; tab: string }

const STORE = 'uploads'
const LOCK = 'reelshelf.uploads.'
const tab = Math.random().toString(36).slice(2)

const promised = <T>(asked: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    asked.addEventListener('success', () => resolve(asked.result))
    asked.addEventListener('error', () => reject(asked.error ?? new Error('storage')))
  })

let opened: Promise<IDBDatabase | null> | null = null

/** Null where the browser keeps nothing, as in some private windows: then a closed panel forgets. */
function open(): Promise<IDBDatabase | null> {
  opened ??= new Promise((resolve) => {
    const asked = indexedDB.open('reelshelf', 1)
    asked.addEventListener('upgradeneeded', () => asked.result.createObjectStore(STORE, { keyPath: 'id' }))
    asked.addEventListener('success', () => resolve(asked.result))
    asked.addEventListener('error', () => resolve(null))
  })
  return opened
}

const changes = new Map<string, Entry | null>()
let timer: ReturnType<typeof setTimeout> | undefined
let due = Infinity

/** Many changes are written together; none waits longer than was said for it. */
function soon(milliseconds: number): void {
  const at = Date.now() + milliseconds
  if (at >= due) return
  clearTimeout(timer)
  due = at
  timer = setTimeout(() => {
    due = Infinity
    void flush()
  }, milliseconds)
}

addEventListener('pagehide', () => void flush())

async function flush(): Promise<void> {
  const database = await open()
  if (!database || !changes.size) return
  const store = database.transaction(STORE, 'readwrite', { durability: 'relaxed' }).objectStore(STORE)
  for (const [id, entry] of changes) {
    if (entry) store.put(entry)
    else store.delete(id)
  }
  changes.clear()
}

export function note(person: string, uploads: readonly Upload[]): void {
  for (const { id, client, folder, name, shown, size, type, modified, overwrite, url, sent, round, handle } of uploads) {
    changes.set(id, { id, client, folder, name, shown, size, type, modified, overwrite, url, sent, round, handle, person, tab })
  }
  soon(0)
}

/** What is over may be written a little later, together with what is over then. */
export function forget(uploads: readonly Upload[], milliseconds: number): void {
  for (const { id } of uploads) changes.set(id, null)
  soon(milliseconds)
}

let locked: Promise<unknown> | null = null

/** Says to other tabs, for as long as this one is open, that its uploads are not abandoned. */
export function stayAlive(): void {
  locked ??= navigator.locks?.request(LOCK + tab, () => new Promise(() => undefined)) ?? Promise.resolve()
}

async function otherTabs(): Promise<Set<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {}
  return new Set(held.map(({ name }) => name?.replace(LOCK, '') ?? ''))
}

/** What this person left under way in a tab that is no longer open. From now on it is this tab's. */
export async function recall(person: string): Promise<Entry[]> {
  const database = await open()
  if (!database) return []
  const [entries, alive] = await Promise.all([
    promised(database.transaction(STORE).objectStore(STORE).getAll()) as Promise<Entry[]>,
    otherTabs(),
  ])
  return entries.filter((entry) => entry.person === person && !alive.has(entry.tab))
}

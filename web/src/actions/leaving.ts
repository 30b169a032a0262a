// What an action has taken away and the server has not confirmed yet: it is not to be seen, and comes back when the server
// says no. Counted, since two actions may follow each other on one thing.
import type { Key } from '../model/path'

let counts: ReadonlyMap<Key, number> = new Map()
let keys: ReadonlySet<Key> = new Set()
const watchers = new Set<() => void>()

function change(all: readonly Key[], by: 1 | -1): void {
  const next = new Map(counts)
  for (const key of all) {
    const count = (next.get(key) ?? 0) + by
    if (count > 0) next.set(key, count)
    else next.delete(key)
  }
  counts = next
  keys = new Set(next.keys())
  for (const watcher of watchers) watcher()
}

export const hide = (all: readonly Key[]): void => change(all, 1)
export const show = (all: readonly Key[]): void => change(all, -1)
export const readLeaving = (): ReadonlySet<Key> => keys

export function watchLeaving(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

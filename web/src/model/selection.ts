// What is selected. Of a listing of 100,000 only a few hundred are known at a time, so "all" is a state of its own, with
// exceptions, and never a list.
import type { Key } from './path'

export type Selection = {
  /** Whether `keys` are those that are not selected. */
  all: boolean
  keys: ReadonlySet<Key>
  /** Where a range begins. */
  anchor: number
  /** Where the keyboard is; -1 is nowhere yet. */
  focus: number
}

export const NOTHING: Selection = { all: false, keys: new Set(), anchor: -1, focus: -1 }

export const isSelected = (selection: Selection, key: Key): boolean => selection.keys.has(key) !== selection.all

export const countSelected = (selection: Selection, total: number): number =>
  selection.all ? Math.max(0, total - selection.keys.size) : selection.keys.size

export const selectOnly = (key: Key, index: number): Selection => ({ all: false, keys: new Set([key]), anchor: index, focus: index })

export const selectKeys = (selection: Selection, keys: Iterable<Key>): Selection => ({ ...selection, all: false, keys: new Set(keys) })

export const selectAll = (selection: Selection): Selection => ({ ...selection, all: true, keys: new Set() })

export const clear = (selection: Selection): Selection => ({ ...selection, all: false, keys: new Set() })

export const moveFocus = (selection: Selection, index: number): Selection => ({ ...selection, focus: index, anchor: index })

export function toggle(selection: Selection, key: Key, index: number): Selection {
  const keys = new Set(selection.keys)
  if (!keys.delete(key)) keys.add(key)
  return { ...selection, keys, anchor: index, focus: index }
}

/** From the anchor to here, and nothing else; with `adding`, beside what is selected already. */
export function extendTo(selection: Selection, index: number, keysBetween: Key[], adding: boolean): Selection {
  const keys = new Set(adding && !selection.all ? selection.keys : [])
  for (const key of keysBetween) keys.add(key)
  return { all: false, keys, anchor: selection.anchor < 0 ? index : selection.anchor, focus: index }
}

/** The rubber band: what was selected before it began, and what it covers now. */
export function band(before: ReadonlySet<Key>, covered: Key[], adding: boolean): Set<Key> {
  const keys = new Set(adding ? before : [])
  for (const key of covered) {
    if (adding && before.has(key)) keys.delete(key)
    else keys.add(key)
  }
  return keys
}

/** Files that are gone or called otherwise are no longer selected. */
export function rename(selection: Selection, from: Key, to: Key | null): Selection {
  if (!selection.keys.has(from)) return selection
  const keys = new Set(selection.keys)
  keys.delete(from)
  if (to !== null) keys.add(to)
  return { ...selection, keys }
}

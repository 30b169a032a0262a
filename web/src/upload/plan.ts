// What becomes of a batch: names that are taken, and what does not fit.
import { isTemp, joinPath, splitName } from '../model/path'

export type Wish = { folder: string; name: string; size: number }
export type Choice = 'both' | 'replace' | 'skip'

/** The first name of this kind that is free: `logo-2.png` beside `logo.png`. */
export function keepBoth(name: string, taken: ReadonlySet<string>): string {
  const { stem, extension } = splitName(name)
  for (let count = 2; ; count += 1) {
    const next = `${stem.slice(0, 255 - extension.length - 1 - String(count).length)}-${count}${extension}`
    if (!taken.has(next)) return next
  }
}

/** Which of a batch have a name that is taken, in their folder or earlier in the batch. */
export function findTaken(wishes: readonly Wish[], names: ReadonlyMap<string, ReadonlySet<string>>): number[] {
  const seen = new Set<string>()
  const taken: number[] = []
  wishes.forEach(({ folder, name }, at) => {
    const path = joinPath(folder, name)
    if (seen.has(path) || names.get(folder)?.has(name)) taken.push(at)
    seen.add(path)
  })
  return taken
}

export type Settled = { at: number; name: string; overwrite: boolean }

/** What is sent under which name, once it was decided about each name that is taken. */
export function settle(wishes: readonly Wish[], names: ReadonlyMap<string, ReadonlySet<string>>, choice: (at: number) => Choice): Settled[] {
  const taken = new Set(findTaken(wishes, names))
  const used = new Map<string, Set<string>>()
  const usedIn = (folder: string): Set<string> => {
    const known = used.get(folder) ?? new Set(names.get(folder))
    used.set(folder, known)
    return known
  }
  // What keeps its name comes first: nobody who is renamed may take it.
  wishes.forEach(({ folder, name }, at) => taken.has(at) || usedIn(folder).add(name))
  const settled: Settled[] = []
  wishes.forEach(({ folder, name }, at) => {
    if (!taken.has(at)) return void settled.push({ at, name, overwrite: false })
    const chosen = choice(at)
    if (chosen === 'skip') return
    const free = chosen === 'replace' ? name : keepBoth(name, usedIn(folder))
    usedIn(folder).add(free)
    settled.push({ at, name: free, overwrite: chosen === 'replace' })
  })
  return settled
}

export type Room = { limit: number | null; taken: number; perFile: number | null }
export type Refusal = 'file' | 'plan' | 'empty' | null

/** For each wish: null when it fits, and otherwise what it passes. What fits is counted for those behind it. */
export function fit(wishes: readonly Wish[], { limit, taken, perFile }: Room): { why: Refusal; left: number }[] {
  let left = limit === null ? Infinity : Math.max(0, limit - taken)
  return wishes.map(({ size, folder }) => {
    if (size === 0) return { why: 'empty', left }
    if (perFile !== null && size > perFile) return { why: 'file', left: perFile }
    if (isTemp(folder)) return { why: null, left }
    if (size > left) return { why: 'plan', left }
    left -= size
    return { why: null, left }
  })
}

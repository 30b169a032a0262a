// Short messages that go by themselves. A store of its own, so that anything may tell something.

export type Toast = {
  id: number
  text: string
  tone: 'plain' | 'bad'
  /** What the one button does, such as undo. */
  action?: { label: string; run: () => void }
  milliseconds: number
}

let toasts: readonly Toast[] = []
let lastId = 0
const watchers = new Set<() => void>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const watcher of watchers) watcher()
}

export const readToasts = (): readonly Toast[] => toasts

export function watchToasts(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

const AT_ONCE = 3

export function tell(text: string, more: Partial<Pick<Toast, 'tone' | 'action' | 'milliseconds'>> = {}): number {
  lastId += 1
  // Who must act or read an error gets more time; the clock stands still while the pointer or focus is on it.
  const milliseconds = more.milliseconds ?? (more.action || more.tone === 'bad' ? 10_000 : 4_000)
  const toast: Toast = { id: lastId, text, tone: 'plain', ...more, milliseconds }
  set([...toasts, toast].slice(-AT_ONCE))
  return lastId
}

export const dismiss = (id: number): void => set(toasts.filter((toast) => toast.id !== id))

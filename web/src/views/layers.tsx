// Dialogs are opened by a call and stand here, outside of the page that opened them.
import { Suspense, useSyncExternalStore } from 'react'

type Layer = { id: number; draw: (close: () => void) => React.ReactNode }

let layers: readonly Layer[] = []
let lastId = 0
const watchers = new Set<() => void>()

function set(next: readonly Layer[]): void {
  layers = next
  for (const watcher of watchers) watcher()
}

/** Opens a dialog; what it is given closes it again. */
export function openLayer(draw: Layer['draw']): void {
  lastId += 1
  set([...layers, { id: lastId, draw }])
}

export const closeLayers = (): void => set([])

const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

export function Layers() {
  const open = useSyncExternalStore(watch, () => layers)
  return open.map(({ id, draw }) => (
    <Suspense key={id} fallback={null}>
      {draw(() => set(layers.filter((layer) => layer.id !== id)))}
    </Suspense>
  ))
}

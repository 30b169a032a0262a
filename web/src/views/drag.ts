// Dragging within the panel. What is dragged is kept here, since a browser does not let a target look into it before the
// drop; files of the computer are the queue's.
import { useRef, useState } from 'react'
import { moveItems } from '../actions/library'
import { readUploads } from '../actions/uploads'
import { mayDrop } from '../model/drop'
import type { Key } from '../model/path'

const OURS = 'application/x-reelshelf-keys'

let dragged: readonly Key[] = []
let whenDropped = () => {}

/** What a drag begins with; `picture` follows the pointer, `done` is called when a target took it. */
export function beginDrag(event: React.DragEvent, keys: readonly Key[], picture: HTMLElement | null, done: () => void): void {
  dragged = keys
  whenDropped = done
  event.dataTransfer.setData(OURS, JSON.stringify(keys))
  event.dataTransfer.effectAllowed = 'move'
  if (picture) event.dataTransfer.setDragImage(picture, 16, 16)
}

export const endDrag = (): void => void (dragged = [])

export const bringsFiles = (event: React.DragEvent | DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
const bringsOurs = (event: React.DragEvent): boolean => event.dataTransfer.types.includes(OURS)

export type Hover = 'idle' | 'yes' | 'no'

type Target = {
  client: string
  path: string
  writable: boolean
  /** Only files of the computer: what is dragged within the panel is in this folder already. */
  filesOnly?: boolean
  linger?: () => void
}

const LINGER_MS = 700

/** Makes an element take what is dropped on it; `linger` is called when a drag stays there. */
export function useDropTarget({ client, path, writable, filesOnly, linger }: Target) {
  const [hover, setHover] = useState<Hover>('idle')
  const depth = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  const judge = (event: React.DragEvent): Hover => {
    if (!writable) return 'no'
    if (bringsOurs(event) && filesOnly) return 'no'
    if (bringsOurs(event)) return mayDrop(dragged, path) === 'yes' ? 'yes' : 'no'
    return bringsFiles(event) && readUploads() ? 'yes' : 'no'
  }
  const leave = () => {
    depth.current = 0
    clearTimeout(timer.current)
    setHover('idle')
  }

  return {
    hover,
    handlers: {
      onDragEnter: (event: React.DragEvent) => {
        if (!bringsOurs(event) && !bringsFiles(event)) return
        event.stopPropagation()
        depth.current += 1
        setHover(judge(event))
        if (depth.current === 1 && linger) timer.current = setTimeout(linger, LINGER_MS)
      },
      onDragOver: (event: React.DragEvent) => {
        if (!bringsOurs(event) && !bringsFiles(event)) return
        event.stopPropagation()
        event.preventDefault()
        event.dataTransfer.dropEffect = judge(event) === 'no' ? 'none' : bringsFiles(event) ? 'copy' : 'move'
      },
      onDragLeave: (event: React.DragEvent) => {
        if (!bringsOurs(event) && !bringsFiles(event)) return
        event.stopPropagation()
        depth.current -= 1
        if (depth.current <= 0) leave()
      },
      onDrop: (event: React.DragEvent) => {
        event.preventDefault()
        event.stopPropagation()
        const verdict = judge(event)
        leave()
        if (verdict === 'no') return
        if (bringsOurs(event)) {
          void moveItems(client, dragged, path)
          whenDropped()
        } else readUploads()?.addDropped(event.dataTransfer, path)
        endDrag()
      },
    },
  }
}

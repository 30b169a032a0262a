// Where the pages hand over what is to be uploaded. The queue is loaded when it is first needed, and then lives as long as
// the panel is open.

export type Uploads = {
  /** Files that were chosen, or pasted; those of a chosen folder have a `webkitRelativePath`. */
  add: (files: readonly File[], folder: string) => void
  /** What was dropped: files and folders, whose structure is kept. Must be called within the drop event. */
  addDropped: (dropped: DataTransfer, folder: string) => void
  /** New bytes for a file that is there, at the same URL. */
  replace: (file: File, path: string) => void
  /** A file of another server. */
  importUrl: (src: string, folder: string) => void
}

let offered: Uploads | null = null
const watchers = new Set<() => void>()

export function offerUploads(uploads: Uploads): void {
  offered = uploads
  for (const watcher of watchers) watcher()
}

export const readUploads = (): Uploads | null => offered

export function watchUploads(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

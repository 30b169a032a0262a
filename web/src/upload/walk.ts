// Files and folders as they are dropped or chosen, with their structure.
import { joinPath, parentOf, tidyFolderName } from '../model/path'

export type Incoming = { file: File; folder: string; handle: FileSystemFileHandle | null }
export type Walked = { files: Incoming[]; folders: string[] }

/** What operating systems leave in folders, and nobody means to upload. */
const LITTER = /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|__MACOSX)$/i

/** A folder's path as the library takes it. */
export const tidyPath = (path: string): string => path.split('/').filter(Boolean).map(tidyFolderName).filter(Boolean).join('/')

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject))

/** A reader gives a hundred at a time, and nothing when there are no more. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (!some.length) return all
    all.push(...some)
  }
}

export async function walkEntry(entry: FileSystemEntry, into: string, walked: Walked): Promise<void> {
  if (LITTER.test(entry.name)) return
  if (entry.isFile) {
    walked.files.push({ file: await fileOf(entry as FileSystemFileEntry), folder: into, handle: null })
    return
  }
  const folder = joinPath(into, tidyFolderName(entry.name))
  walked.folders.push(folder)
  for (const inside of await entriesOf(entry as FileSystemDirectoryEntry)) await walkEntry(inside, folder, walked)
}

type Folder = FileSystemDirectoryHandle & { values: () => AsyncIterable<FileSystemHandle> }

export async function walkHandle(handle: FileSystemHandle, into: string, walked: Walked): Promise<void> {
  if (LITTER.test(handle.name)) return
  if (handle.kind === 'file') {
    const one = handle as FileSystemFileHandle
    walked.files.push({ file: await one.getFile(), folder: into, handle: one })
    return
  }
  const folder = joinPath(into, tidyFolderName(handle.name))
  walked.folders.push(folder)
  for await (const inside of (handle as Folder).values()) await walkHandle(inside, folder, walked)
}

type Item = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }

/** Takes what was dropped. Everything is asked for before the event is over: afterwards the browser tells nothing. */
export async function walkDropped(dropped: DataTransfer, into: string): Promise<Walked> {
  const asked = [...dropped.items].filter((item) => item.kind === 'file').map((item: Item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
    handle: item.getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null),
  }))
  const walked: Walked = { files: [], folders: [] }
  for (const { entry, file, handle } of asked) {
    // A handle can be asked for the same file when the panel is opened again; not every drop has one.
    const held = await handle
    if (held) await walkHandle(held, into, walked)
    else if (entry) await walkEntry(entry, into, walked)
    else if (file) walked.files.push({ file, folder: into, handle: null })
  }
  return { files: walked.files, folders: withoutParents(walked) }
}

/** Folders that no file brings with it. */
function withoutParents({ files, folders }: Walked): string[] {
  const brought = new Set<string>()
  for (const { folder } of files) {
    for (let path = folder; path && !brought.has(path); path = parentOf(path)) brought.add(path)
  }
  return folders.filter((folder) => !brought.has(folder))
}

/** Chosen or pasted files; those of a chosen folder say where in it they are. */
export function walkFiles(files: readonly File[], into: string): Walked {
  const taken = files.filter((file) => !LITTER.test(file.name))
  return {
    files: taken.map((file) => ({ file, folder: [into, tidyPath(parentOf(file.webkitRelativePath ?? ''))].filter(Boolean).join('/'), handle: null })),
    folders: [],
  }
}

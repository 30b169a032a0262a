// A listing is folders, then files. Files come in pages that are read where one looks; what is on its way out by an action
// that the server has not answered yet is left out at once.
import type { File } from '../api/schema'
import { type Key, folderKey, joinPath, pathOfKey } from './path'
import type { Folder } from './tree'

export const PAGE = 100

export type Item = { kind: 'folder'; key: Key; path: string; folder: Folder } | { kind: 'file'; key: Key; path: string; file: File }

export const fileKey = (file: File): Key => joinPath(file.folder, file.name)
export const fileItem = (file: File): Item => ({ kind: 'file', key: fileKey(file), path: fileKey(file), file })
export const folderItem = (folder: Folder): Item => ({ kind: 'folder', key: folderKey(folder.path), path: folder.path, folder })

export type Listing = {
  /** Of folders and files, without those that are on their way out. */
  count: number
  folders: readonly Folder[]
  /** The figure as the server has it. */
  files: number
  /** Undefined where nothing was read yet. */
  at: (index: number) => Item | undefined
  /** The page of the server that holds an index; -1 for folders. */
  pageAt: (index: number) => number
  indexOf: (key: Key) => number
}

type Pages = (page: number) => readonly File[] | undefined

/** Nothing to show: also a root that has only `temp`, which is always there. */
export const isEmpty = ({ files, folders }: Listing): boolean => files === 0 && folders.every((folder) => folder.path === 'temp' && folder.allFiles === 0)

/** Puts together what is known; `leaving` are keys that are not to be seen any more. */
export function makeListing(allFolders: readonly Folder[], total: number, known: readonly number[], pages: Pages, leaving: ReadonlySet<Key>): Listing {
  const folders = leaving.size ? allFolders.filter((folder) => !leaving.has(folderKey(folder.path))) : allFolders
  const gone = leaving.size ? goneIndexes(known, pages, leaving) : []
  const files = total - gone.length
  const source = (index: number) => skipping(gone, index)
  const at = (index: number): Item | undefined => {
    const folder = folders[index]
    if (folder) return folderItem(folder)
    if (index >= folders.length + files) return undefined
    const place = source(index - folders.length)
    const file = pages(Math.floor(place / PAGE))?.[place % PAGE]
    return file && fileItem(file)
  }
  const indexOf = (key: Key): number => {
    if (key.endsWith('/')) return folders.findIndex((folder) => folder.path === pathOfKey(key))
    for (const page of known) {
      const found = pages(page)?.findIndex((file) => fileKey(file) === key) ?? -1
      if (found < 0) continue
      const place = page * PAGE + found
      return gone.includes(place) ? -1 : folders.length + place - gone.filter((index) => index < place).length
    }
    return -1
  }
  const pageAt = (index: number) => (index < folders.length ? -1 : Math.floor(source(index - folders.length) / PAGE))
  return { count: folders.length + files, folders, files, at, pageAt, indexOf }
}

function goneIndexes(known: readonly number[], pages: Pages, leaving: ReadonlySet<Key>): number[] {
  const gone: number[] = []
  for (const page of known) {
    pages(page)?.forEach((file, at) => {
      if (leaving.has(fileKey(file))) gone.push(page * PAGE + at)
    })
  }
  return gone.sort((a, b) => a - b)
}

/** The place in the server's order of what is seen at an index. */
function skipping(gone: readonly number[], index: number): number {
  let place = index
  for (const hole of gone) {
    if (hole > place) break
    place += 1
  }
  return place
}

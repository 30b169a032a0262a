// Every folder with its counts, as the server tells them in one flat list, and as the panel needs them.
import type { TreeFolder } from '../api/schema'
import { isWithin, joinPath, nameOf, naturally, parentOf, plainPath } from './path'

export type Folder = {
  path: string
  name: string
  /** Directly in it. */
  files: number
  size: number
  /** In it and everywhere below. */
  allFiles: number
  allSize: number
  allFolders: number
  children: Folder[]
}

export type Tree = { root: Folder; byPath: ReadonlyMap<string, Folder> }

const empty = (path: string): Folder => ({
  path, name: nameOf(path), files: 0, size: 0, allFiles: 0, allSize: 0, allFolders: 0, children: [],
})

export function buildTree(list: readonly TreeFolder[]): Tree {
  const byPath = new Map<string, Folder>([['', empty('')]])
  for (const { path, files, size } of list) {
    const plain = plainPath(path)
    const folder = byPath.get(plain) ?? empty(plain)
    Object.assign(folder, { files, size, allFiles: files, allSize: size })
    byPath.set(plain, folder)
  }
  // Children behind their parents, so that the way back sums from below.
  const folders = [...byPath.values()].sort((a, b) => a.path.length - b.path.length)
  for (const folder of folders) if (folder.path) byPath.get(parentOf(folder.path))?.children.push(folder)
  for (const folder of folders.reverse()) {
    folder.children.sort((a, b) => naturally(a.name, b.name))
    for (const child of folder.children) {
      folder.allFiles += child.allFiles
      folder.allSize += child.allSize
      folder.allFolders += child.allFolders + 1
    }
  }
  return { root: byPath.get('') as Folder, byPath }
}

export type TreeRow = { folder: Folder; level: number; at: number; of: number }

/** The rows that are to be seen when these folders are unfolded. */
export function visibleRows(tree: Tree, unfolded: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = []
  const visit = (folder: Folder, level: number, at: number, of: number) => {
    rows.push({ folder, level, at, of })
    if (folder.path === '' || unfolded.has(folder.path)) {
      folder.children.forEach((child, index) => visit(child, level + 1, index + 1, folder.children.length))
    }
  }
  visit(tree.root, 1, 1, 1)
  return rows
}

/** Folders below this one whose name contains the words. */
export function findFolders(tree: Tree, below: string, words: string, deep: boolean): Folder[] {
  const wanted = words.toLowerCase()
  const found: Folder[] = []
  const visit = (folder: Folder) => {
    for (const child of folder.children) {
      if (child.name.toLowerCase().includes(wanted)) found.push(child)
      if (deep) visit(child)
    }
  }
  const start = tree.byPath.get(below)
  if (start) visit(start)
  return found
}

// What the panel shows before the server has answered.

export function withFolder(list: readonly TreeFolder[], path: string): TreeFolder[] {
  if (list.some((folder) => folder.path === path)) return [...list]
  return [...list, { path, files: 0, size: 0 }]
}

export const withoutFolder = (list: readonly TreeFolder[], path: string): TreeFolder[] =>
  list.filter((folder) => folder.path === '/' || !isWithin(folder.path, path))

export function withMoved(list: readonly TreeFolder[], from: string, to: string): TreeFolder[] {
  return list.map((folder) =>
    folder.path !== '/' && isWithin(folder.path, from) ? { ...folder, path: to + folder.path.slice(from.length) } : folder,
  )
}

/** Files with these bytes in all come (or go, when negative). */
export function withFiles(list: readonly TreeFolder[], path: string, files: number, bytes: number): TreeFolder[] {
  return list.map((folder) =>
    plainPath(folder.path) === path
      ? { ...folder, files: Math.max(0, folder.files + files), size: Math.max(0, folder.size + bytes) }
      : folder,
  )
}

export const movedPath = (path: string, destination: string): string => joinPath(destination, nameOf(path))

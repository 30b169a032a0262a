// Paths as the API spells them: no slash around them, the root is empty. A key names one thing of a listing: a file by its
// path, a folder by its path with a slash behind it.

export type Key = string

export const joinPath = (folder: string, name: string): string => (folder ? `${folder}/${name}` : name)
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const segmentsOf = (path: string): string[] => (path ? path.split('/') : [])
/** The root has two spellings in answers. */
export const plainPath = (path: string): string => (path === '/' ? '' : path)

export const folderKey = (path: string): Key => `${path}/`
export const isFolderKey = (key: Key): boolean => key.endsWith('/')
export const pathOfKey = (key: Key): string => (isFolderKey(key) ? key.slice(0, -1) : key)

/** Whether a folder is this one or lies somewhere below it. */
export const isWithin = (path: string, folder: string): boolean =>
  folder === '' || path === folder || path.startsWith(`${folder}/`)

export const isTemp = (path: string): boolean => isWithin(path, 'temp')

/** Folders that the server neither moves nor renames. */
export function isFixedFolder(path: string): boolean {
  return path === '' || path === 'temp' || path === 'generated' || /^generated\/(image|video|audio|voice|html|component)$/.test(path)
}

/** Each folder on the way to this one, the root first, itself last. */
export function trailOf(path: string): { path: string; name: string }[] {
  const segments = segmentsOf(path)
  return [{ path: '', name: '' }, ...segments.map((name, at) => ({ path: segments.slice(0, at + 1).join('/'), name }))]
}

/** The name without its extension, and the extension with its dot. */
export function splitName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? { stem: name.slice(0, dot), extension: name.slice(dot) } : { stem: name, extension: '' }
}

/** What the server makes of a name: each character it does not take becomes one underscore. */
export const tidyFileName = (name: string): string => name.trim().replace(/[^a-zA-Z0-9._-]/gu, '_')
export const tidyFolderName = (name: string): string => name.trim().replace(/[^a-zA-Z0-9_-]/gu, '_')

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
export const naturally = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0)

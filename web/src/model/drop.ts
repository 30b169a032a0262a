// Whether what is dragged may be put there, decided while it is dragged.
import { type Key, isFixedFolder, isFolderKey, isTemp, isWithin, parentOf, pathOfKey } from './path'

export type Verdict = 'yes' | 'already' | 'into-itself' | 'fixed' | 'temporary'

export function mayDrop(keys: readonly Key[], destination: string): Verdict {
  const folders = keys.filter(isFolderKey).map(pathOfKey)
  if (folders.some((folder) => isWithin(destination, folder))) return 'into-itself'
  if (folders.some(isFixedFolder)) return 'fixed'
  if (folders.length && isTemp(destination)) return 'temporary'
  return keys.every((key) => parentOf(pathOfKey(key)) === destination) ? 'already' : 'yes'
}

/** Without what lies in folders that are in it too. */
export function withoutNested(keys: readonly Key[]): Key[] {
  const folders = keys.filter(isFolderKey)
  return keys.filter((key) => !folders.some((folder) => folder !== key && key.startsWith(folder)))
}

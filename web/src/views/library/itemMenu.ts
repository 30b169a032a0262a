// What can be done to an item, as the entries of its menu. Row menu, context menu and keys all come here.
import { copyText } from '../../actions/clipboard'
import { downloadFile, downloadFolder, downloadZip } from '../../actions/download'
import { filesOf } from '../../actions/selection'
import { readUploads } from '../../actions/uploads'
import { tell } from '../../actions/toasts'
import { deleteCalls, lookCall, makeFolderCall, moveCalls, renameCall, uploadCall, zipCall } from '../../model/curl'
import type { Item } from '../../model/listing'
import { type Key, folderKey, isFixedFolder, isFolderKey, joinPath, nameOf, pathOfKey } from '../../model/path'
import * as select from '../../model/selection'
import { type UrlForm, urlsAs } from '../../model/urls'
import type { Groups } from '../../parts/Menus'
import { t } from '../../text'
import { askMove, askNewFolder, askRemove, askRename, showCurl } from '../dialogs/open'
import type { Choosing } from './useSelection'

export type Doing = {
  client: string
  mayWrite: boolean
  choosing: Choosing
  open: (item: Item) => void
  openFolder: (path: string) => void
}

export async function copyUrls(client: string, keys: readonly Key[], form: UrlForm): Promise<void> {
  const files = await filesOf(client, keys)
  if (!files.length) return void tell(t.told.nothingToCopy)
  const text = files.length === 1 && form === 'lines' ? (files[0]?.url ?? '') : urlsAs(form, files)
  await copyText(text, files.length === 1 ? t.told.urlCopied : t.told.urlsCopied(files.length))
}

export function download(client: string, keys: readonly Key[], file?: Item): void {
  const only = keys[0]
  if (keys.length === 1 && file?.kind === 'file') downloadFile(file.file)
  else if (keys.length === 1 && only && isFolderKey(only)) downloadFolder(client, pathOfKey(only))
  else void downloadZip(client, keys)
}

/** Lets the person choose a file, and calls back with it. */
export function pickFiles(given: { many?: boolean; folder?: boolean; accept?: string }, chosen: (files: File[]) => void): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = given.many ?? false
  input.webkitdirectory = given.folder ?? false
  if (given.accept) input.accept = given.accept
  input.addEventListener('change', () => input.files?.length && chosen([...input.files]))
  input.click()
}

export const startRename = ({ client, choosing }: Doing, key: Key, done?: (renamed: Key) => void): void =>
  askRename(client, key, (renamed) => {
    choosing.set((now) => select.rename(now, key, renamed))
    done?.(renamed)
  })

export const canRename = (key: Key): boolean => !isFolderKey(key) || !isFixedFolder(pathOfKey(key))
export const canMove = canRename
export const canDelete = (key: Key): boolean => !isFolderKey(key) || (pathOfKey(key) !== 'temp' && pathOfKey(key) !== '')

/** The menu of one item, or of the whole selection when the item is in it. */
export function itemMenu(doing: Doing, item: Item, keys: readonly Key[]): Groups {
  const { client, mayWrite, choosing, open } = doing
  const many = keys.length > 1
  const clear = () => choosing.clear()
  const groups: Groups = []
  if (!many) groups.push({ entries: [{ id: 'open', label: item.kind === 'folder' ? t.actions.openFolder : t.actions.open, icon: item.kind === 'folder' ? 'folder' : 'external', keys: '↵', run: () => open(item) }] })
  const copying: Groups[number]['entries'] = many
    ? [
        { id: 'lines', label: `${t.actions.copyUrls}: ${t.actions.asLines}`, icon: 'link', run: () => void copyUrls(client, keys, 'lines') },
        { id: 'json', label: `${t.actions.copyUrls}: ${t.actions.asJson}`, icon: 'code', run: () => void copyUrls(client, keys, 'json') },
        { id: 'csv', label: `${t.actions.copyUrls}: ${t.actions.asCsv}`, icon: 'list', run: () => void copyUrls(client, keys, 'csv') },
      ]
    : item.kind === 'file' ? [{ id: 'url', label: t.actions.copyUrl, icon: 'link', run: () => void copyText(item.file.url, t.told.urlCopied) }] : []
  copying.push({ id: 'download', label: many || item.kind === 'folder' ? t.actions.downloadZip : t.actions.download, icon: 'download', run: () => download(client, keys, many ? undefined : item) })
  groups.push({ entries: copying })
  if (mayWrite) {
    const changing: Groups[number]['entries'] = []
    if (!many && canRename(item.key)) changing.push({ id: 'rename', label: t.actions.rename, icon: 'rename', keys: 'F2', run: () => startRename(doing, item.key) })
    if (keys.every(canMove)) changing.push({ id: 'move', label: t.actions.move, icon: 'move', run: () => askMove(client, keys, clear) })
    if (!many && item.kind === 'file' && readUploads()) {
      changing.push({ id: 'replace', label: t.actions.replace, icon: 'replace', run: () => pickFiles({}, ([file]) => file && readUploads()?.replace(file, item.path)) })
    }
    if (!many && item.kind === 'folder') changing.push({ id: 'folder', label: t.actions.newFolderIn, icon: 'folderPlus', run: () => askNewFolder(client, item.path, doing.openFolder) })
    groups.push({ entries: changing })
    if (keys.every(canDelete)) groups.push({ entries: [{ id: 'delete', label: t.actions.delete, icon: 'trash', keys: 'Del', danger: true, run: () => askRemove(client, keys, clear) }] })
  }
  groups.push({ entries: [{ id: 'curl', label: t.actions.curl, icon: 'code', run: () => showCurl(callsFor(keys, mayWrite)) }] })
  return groups
}

/** The calls of everything that can be done with these, with words of the person's own where the panel would ask. */
export function callsFor(keys: readonly Key[], mayWrite: boolean) {
  const reading = [...keys.slice(0, 3).map(lookCall), zipCall(keys)]
  if (!mayWrite) return reading
  const only = keys.length === 1 ? keys[0] : undefined
  const renaming = only ? [renameCall(only, `new-${nameOf(pathOfKey(only))}`)] : []
  return [...reading, ...renaming, ...moveCalls(keys, 'another/folder'), ...deleteCalls(keys)]
}

/** The menu of the ground between the items: of the folder that one is in. */
export function folderMenu({ client, mayWrite, choosing, openFolder }: Doing, path: string): Groups {
  const uploads = readUploads()
  const putting: Groups[number]['entries'] = []
  if (mayWrite) putting.push({ id: 'new', label: t.actions.newFolderIn, icon: 'folderPlus', run: () => askNewFolder(client, path, openFolder) })
  if (mayWrite && uploads) putting.push({ id: 'upload', label: t.actions.uploadHere, icon: 'upload', run: () => pickFiles({ many: true }, (files) => uploads.add(files, path)) })
  const calls = [lookCall(path && folderKey(path)), ...(mayWrite ? [uploadCall(path), makeFolderCall(joinPath(path, 'new-folder'))] : [])]
  return [
    { entries: putting },
    { entries: [
      { id: 'all', label: t.actions.selectAll, icon: 'check', run: choosing.all },
      { id: 'zip', label: t.actions.downloadZip, icon: 'download', run: () => download(client, [folderKey(path)]) },
    ] },
    { entries: [{ id: 'curl', label: t.actions.curl, icon: 'code', run: () => showCurl(calls) }] },
  ]
}

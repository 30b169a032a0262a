// What people do to the library. Each change is seen at once, goes back when the server says no, and can be undone where the
// server can do so.
import type { Outcome, TreeFolder } from '../api/schema'
import { changeFile, changeFolder, makeFolder as sendMakeFolder, moveFiles } from '../api/library'
import { ApiError } from '../api/http'
import { type Key, isFolderKey, joinPath, nameOf, parentOf, pathOfKey, plainPath } from '../model/path'
import { movedPath, withFolder, withMoved } from '../model/tree'
import { withoutNested } from '../model/drop'
import { t } from '../text'
import { sentenceOf, tellFailure } from './failures'
import { hide, show } from './leaving'
import { libraryChanged, queries, treeQuery } from './queries'
import { tell } from './toasts'

const IN_ONE_CALL = 1000

export const placeName = (path: string): string => (path ? nameOf(path) : t.library.root)

/** Changes the tree as it is seen; what it gives back takes the change back. */
export function foresee(client: string, change: (tree: readonly TreeFolder[]) => TreeFolder[]): () => void {
  const { queryKey } = treeQuery(client)
  void queries.cancelQueries({ queryKey })
  const before = queries.getQueryData(queryKey)
  if (before) queries.setQueryData(queryKey, change(before))
  return () => queries.setQueryData(queryKey, before)
}

/** One that went somewhere: from, to. */
type Went = [from: Key, to: Key]

type Came = { went: Went[]; refused: { key: Key; why: string }[] }

const keyAt = (key: Key, folder: string, name = nameOf(pathOfKey(key))): Key => joinPath(folder, name) + (isFolderKey(key) ? '/' : '')

function sort(outcomes: readonly Outcome[] | null | undefined, destination: string, came: Came): void {
  for (const { path, success, message } of outcomes ?? []) {
    if (success) came.went.push([path, keyAt(path, destination)])
    else came.refused.push({ key: path, why: message })
  }
}

async function send(client: string, keys: readonly Key[], destination: string): Promise<Came> {
  const came: Came = { went: [], refused: [] }
  const files = keys.filter((key) => !isFolderKey(key))
  for (let at = 0; at < files.length; at += IN_ONE_CALL) {
    const batch = files.slice(at, at + IN_ONE_CALL)
    try {
      sort((await moveFiles(client, batch, destination)).results, destination, came)
    } catch (failure) {
      for (const key of batch) came.refused.push({ key, why: sentenceOf(failure) })
    }
  }
  for (const key of keys.filter(isFolderKey)) {
    try {
      await changeFolder(client, { folder: pathOfKey(key), destination })
      came.went.push([key, keyAt(key, destination)])
    } catch (failure) {
      came.refused.push({ key, why: sentenceOf(failure) })
    }
  }
  return came
}

export function tellRefused(refused: readonly { key: Key; why: string }[], of: number): void {
  const first = refused[0]
  if (!first) return
  tell(of === 1 ? first.why : t.errors.several(refused.length, of, first.why), { tone: 'bad' })
}

/** Moves files and folders. */
export async function moveItems(client: string, chosen: readonly Key[], destination: string): Promise<void> {
  const keys = withoutNested(chosen).filter((key) => parentOf(pathOfKey(key)) !== destination)
  if (!keys.length) return void tell(t.told.already)
  hide(keys)
  const takeBack = foresee(client, (tree) =>
    keys.filter(isFolderKey).reduce((list, key) => withMoved(list, pathOfKey(key), movedPath(pathOfKey(key), destination)), [...tree]),
  )
  const { went, refused } = await send(client, keys, destination)
  if (!went.length) takeBack()
  const first = went[0]
  if (first) {
    const said = went.length === 1 ? t.told.movedOne(nameOf(pathOfKey(first[0])), placeName(destination)) : t.told.moved(went.length, placeName(destination))
    tell(said, { action: { label: t.common.undo, run: () => void moveBack(client, went) } })
  }
  tellRefused(refused, keys.length)
  await libraryChanged(client)
  show(keys)
}

async function moveBack(client: string, went: readonly Went[]): Promise<void> {
  const homes = new Map<string, Key[]>()
  for (const [from, to] of went) {
    const home = parentOf(pathOfKey(from))
    const these = homes.get(home)
    if (these) these.push(to)
    else homes.set(home, [to])
  }
  const refused: Came['refused'] = []
  for (const [home, these] of homes) refused.push(...(await send(client, these, home)).refused)
  if (refused.length) tellRefused(refused, went.length)
  else tell(t.told.undone)
  await libraryChanged(client)
}

const sendName = (client: string, key: Key, name: string): Promise<unknown> =>
  isFolderKey(key) ? changeFolder(client, { folder: pathOfKey(key), new_name: name }) : changeFile(client, { path: key, new_name: name })

/** Renames; gives the new key, or null when the server said no. */
export async function renameItem(client: string, key: Key, name: string): Promise<Key | null> {
  const from = pathOfKey(key)
  const renamed = keyAt(key, parentOf(from), name)
  const takeBack = isFolderKey(key) ? foresee(client, (tree) => withMoved(tree, from, pathOfKey(renamed))) : foreseeName(client, key, name)
  try {
    await sendName(client, key, name)
  } catch (failure) {
    takeBack()
    tellFailure(failure)
    void libraryChanged(client)
    return null
  }
  const undo = () => void renameBack(client, renamed, nameOf(from))
  tell(t.told.renamed(name), { action: { label: t.common.undo, run: undo } })
  void libraryChanged(client)
  return renamed
}

async function renameBack(client: string, key: Key, name: string): Promise<void> {
  try {
    await sendName(client, key, name)
    tell(t.told.undone)
  } catch (failure) {
    tellFailure(failure)
  }
  await libraryChanged(client)
}

type Page = { files: { name: string; folder: string }[] }

/** Shows a file's new name in every listing that has it. */
function foreseeName(client: string, key: Key, name: string): () => void {
  const filter = { queryKey: ['client', client, 'listing'] }
  const before = queries.getQueriesData<Page>(filter)
  queries.setQueriesData<Page>(filter, (page) => {
    if (!page?.files.some((file) => joinPath(file.folder, file.name) === key)) return page
    return { ...page, files: page.files.map((file) => (joinPath(file.folder, file.name) === key ? { ...file, name, displayName: name } : file)) }
  })
  return () => {
    for (const [queryKey, data] of before) queries.setQueryData(queryKey, data)
  }
}

/** Makes a folder, and offers to go there; says whether it is there. */
export async function makeFolder(client: string, path: string, open: (path: string) => void): Promise<boolean> {
  const takeBack = foresee(client, (tree) => withFolder(tree, path))
  try {
    await sendMakeFolder(client, path)
  } catch (failure) {
    takeBack()
    tellFailure(failure)
    return false
  }
  tell(t.told.made(nameOf(path)), { action: { label: t.actions.open, run: () => open(path) } })
  void libraryChanged(client)
  return true
}

export const hasFolder = (client: string, path: string): boolean =>
  queries.getQueryData(treeQuery(client).queryKey)?.some((folder) => plainPath(folder.path) === path) ?? false

export const isConflict = (failure: unknown): boolean => failure instanceof ApiError && failure.status === 409

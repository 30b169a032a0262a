// From keys to what they stand for.
import { type ListingQuery, listPage, readFile } from '../api/library'
import type { File } from '../api/schema'
import { fileKey } from '../model/listing'
import { type Key, folderKey, isFolderKey } from '../model/path'
import { queries } from './queries'

const AT_ONCE = 1000

/** Every key of a listing, without these. */
export async function resolveAll(client: string, asked: ListingQuery, folders: readonly { path: string }[], without: ReadonlySet<Key>): Promise<Key[]> {
  const keys = folders.map((folder) => folderKey(folder.path))
  for await (const file of everyFile(client, asked)) keys.push(fileKey(file))
  return keys.filter((key) => !without.has(key))
}

async function* everyFile(client: string, asked: ListingQuery): AsyncGenerator<File> {
  for (let page = 0; ; page += 1) {
    const { files, total } = await listPage(client, asked, page, AT_ONCE)
    yield* files
    if (!files.length || (page + 1) * AT_ONCE >= total) return
  }
}

type Page = { files: File[] }

/** The files of these keys: from what was read already, and otherwise from the server. Folders are left out. */
export async function filesOf(client: string, keys: readonly Key[]): Promise<File[]> {
  const known = new Map<Key, File>()
  for (const [, page] of queries.getQueriesData<Page>({ queryKey: ['client', client, 'listing'] })) {
    for (const file of page?.files ?? []) known.set(fileKey(file), file)
  }
  const wanted = keys.filter((key) => !isFolderKey(key))
  const missing = wanted.filter((key) => !known.has(key))
  // Many that were never seen lie in one folder mostly; reading it is far less than asking for each.
  if (missing.length > 20) {
    for (const folder of new Set(missing.map((key) => key.slice(0, Math.max(0, key.lastIndexOf('/')))))) {
      for await (const file of everyFile(client, { path: folder || '/' })) known.set(fileKey(file), file)
    }
  }
  const files: File[] = []
  for (const key of wanted) {
    const file = known.get(key) ?? (await readFile(client, key).catch(() => null))
    if (file) files.push(file)
  }
  return files
}

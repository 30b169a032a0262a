// Which names are taken in the folders that a batch goes to, and how much room there is.
import { queries, treeQuery } from '../actions/queries'
import { listPage, readStorage, uploadsUrl } from '../api/library'
import { plainPath } from '../model/path'
import type { Room, Wish } from './plan'

const PAGE = 1000
/** Up to so many names it is less to ask for each than to read a large folder. */
const FEW = 20

async function namesIn(client: string, folder: string, wanted: readonly string[], files: number): Promise<Set<string>> {
  const names = new Set<string>()
  const path = folder || '/'
  if (wanted.length <= FEW && files > PAGE) {
    for (const name of wanted) {
      const { files: found } = await listPage(client, { path, q: name }, 0, PAGE)
      for (const file of found) names.add(file.name)
    }
    return names
  }
  for (let page = 0; page * PAGE < files; page += 1) {
    const { files: found } = await listPage(client, { path }, page, PAGE)
    for (const file of found) names.add(file.name)
    if (found.length < PAGE) break
  }
  return names
}

export async function takenNames(client: string, wishes: readonly Wish[]): Promise<Map<string, ReadonlySet<string>>> {
  const tree = await queries.fetchQuery({ ...treeQuery(client), staleTime: 0 })
  const counts = new Map(tree.map(({ path, files }) => [plainPath(path), files]))
  const taken = new Map<string, ReadonlySet<string>>()
  for (const [folder, these] of Map.groupBy(wishes, (wish) => wish.folder)) {
    const files = counts.get(folder) ?? 0
    // The counts of the tree are from a moment ago; a file that has come since is met by the server's own answer.
    if (files) taken.set(folder, await namesIn(client, folder, these.map(({ name }) => name), files + 1))
  }
  return taken
}

let largest: Promise<number | null> | null = null

/** The largest file that the server takes at all. */
async function askLargest(client: string): Promise<number | null> {
  const response = await fetch(uploadsUrl(client), { method: 'OPTIONS', credentials: 'same-origin' }).catch(() => null)
  const said = Number(response?.headers.get('tus-max-size') ?? 0)
  return said > 0 ? said : null
}

export async function roomFor(client: string): Promise<Room> {
  largest ??= askLargest(client)
  const [storage, perFile] = await Promise.all([readStorage(client), largest])
  return { limit: storage.limit_bytes ?? null, taken: storage.used_bytes + storage.reserved_bytes, perFile }
}

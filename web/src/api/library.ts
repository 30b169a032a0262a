// The public API as the panel uses it, with the session instead of a key.
import { call, clientApi, withQuery } from './http'
import type { Changed, Done, File, FileAnswer, FolderContents, Library, Rehearsed, Storage, Stored, Tree, TreeFolder } from './schema'
import type { Operations } from './operations'

type Call = keyof Operations

/** What a listing is asked for. */
export type ListingQuery = {
  path: string
  sort?: string | undefined
  type?: string | undefined
  q?: string | undefined
  /** Whether what lies in folders below counts too. */
  below?: boolean | undefined
}

function send<Key extends Call>(
  client: string,
  operation: Key,
  given: { query?: Record<string, unknown>; body?: unknown; signal?: AbortSignal | undefined } = {},
): Promise<Operations[Key]['answer']> {
  const [method = '', path = ''] = operation.split(' ')
  return call(method, clientApi(client) + path, given)
}

export const listPage = (client: string, asked: ListingQuery, page: number, size: number, signal?: AbortSignal) =>
  send(client, 'GET /v2/media/folder', {
    query: { ...asked, below: asked.below || undefined, page, page_size: size },
    signal,
  }) as Promise<FolderContents>

export async function listFolders(client: string, signal?: AbortSignal): Promise<TreeFolder[]> {
  const answer = (await send(client, 'GET /v2/media/folder', { query: { tree: true }, signal })) as Tree
  return answer.tree
}

export async function readFile(client: string, path: string, signal?: AbortSignal): Promise<File> {
  const answer: FileAnswer = await send(client, 'GET /v2/media/file', { query: { path }, signal })
  return answer.file
}

export async function readStorage(client: string, signal?: AbortSignal): Promise<Storage> {
  const answer: Library = await send(client, 'GET /v2/media', { query: { page_size: 1 }, signal })
  return answer.storage
}

export const makeFolder = (client: string, path: string): Promise<Done> => send(client, 'POST /v2/media/folder', { body: { path } })

/** Where a file goes, what it is called there, or both. */
export type FileChange = { path: string; destination?: string; new_name?: string; overwrite?: boolean }

export const changeFile = (client: string, change: FileChange): Promise<Stored> =>
  send(client, 'PUT /v2/media', { body: change }) as Promise<Stored>

export const moveFiles = (client: string, paths: string[], destination: string, overwrite = false): Promise<Stored> =>
  send(client, 'PUT /v2/media', { body: { paths, destination, overwrite } }) as Promise<Stored>

export type FolderChange = { folder: string; destination?: string; new_name?: string }

export const changeFolder = (client: string, change: FolderChange): Promise<Changed> =>
  send(client, 'PUT /v2/media/folder', { body: change }) as Promise<Changed>

export const rehearseDeleteFiles = (client: string, paths: string[]): Promise<Rehearsed> =>
  send(client, 'DELETE /v2/media', { body: { paths, dry_run: true } }) as unknown as Promise<Rehearsed>

export const deleteFiles = (client: string, paths: string[], token?: string): Promise<Stored> =>
  send(client, 'DELETE /v2/media', { body: { paths, token } }) as Promise<Stored>

export const rehearseDeleteFolder = (client: string, folder: string): Promise<Rehearsed> =>
  send(client, 'DELETE /v2/media/folder', { body: { folder, recursive: true, dry_run: true } }) as unknown as Promise<Rehearsed>

export const deleteFolder = (client: string, folder: string, token?: string): Promise<Done> =>
  send(client, 'DELETE /v2/media/folder', { body: { folder, recursive: true, token } })

export const importFile = (client: string, src: string, folder: string, name?: string): Promise<Stored> =>
  send(client, 'POST /v2/media', { body: { src, folder, name } }) as Promise<Stored>

/** An address the browser may open to download a folder, or one file, as it is. */
export const zipOfFolderUrl = (client: string, path: string): string =>
  withQuery(`${clientApi(client)}/v2/media/zip`, { path: path || '/' })

export const zipUrl = (client: string): string => `${clientApi(client)}/v2/media/zip`

/** The same for a selection. */
export const zipOfPathsUrl = (client: string, paths: readonly string[]): string =>
  `${zipUrl(client)}?${new URLSearchParams(paths.map((path) => ['paths', path])).toString()}`

export const uploadsUrl = (client: string): string => `${clientApi(client)}/v2/media/uploads`

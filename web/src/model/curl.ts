// The very call behind an action, for those who automate it. The key is a variable of the shell, never a text.

export type ApiCall = { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; query?: Record<string, string>; body?: unknown; form?: Record<string, string>; output?: string }

/** Quoted for a POSIX shell. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

export function curlOf(origin: string, { method, path, query, body, form, output }: ApiCall): string {
  const asked = query ? `?${new URLSearchParams(query).toString()}` : ''
  const parts = ['curl']
  if (output) parts.push(`-o ${quoted(output)}`)
  if (method !== 'GET' && !(method === 'POST' && (body ?? form) !== undefined)) parts.push(`-X ${method}`)
  parts.push('-H "x-api-key: $KEY"')
  if (body !== undefined) parts.push(`-H 'content-type: application/json'`, `-d ${quoted(JSON.stringify(body))}`)
  for (const [name, value] of Object.entries(form ?? {})) parts.push(`-F ${quoted(`${name}=${value}`)}`)
  parts.push(quoted(origin + path + asked))
  return parts.join(' \\\n  ')
}

const split = (keys: readonly string[]) => ({
  files: keys.filter((key) => !key.endsWith('/')),
  folders: keys.filter((key) => key.endsWith('/')).map((key) => key.slice(0, -1)),
})

export function moveCalls(keys: readonly string[], destination: string): ApiCall[] {
  const { files, folders } = split(keys)
  const calls: ApiCall[] = folders.map((folder) => ({ method: 'PUT', path: '/v2/media/folder', body: { folder, destination } }))
  if (files.length) calls.unshift({ method: 'PUT', path: '/v2/media', body: { paths: files, destination } })
  return calls
}

export function deleteCalls(keys: readonly string[]): ApiCall[] {
  const { files, folders } = split(keys)
  const calls: ApiCall[] = folders.map((folder) => ({ method: 'DELETE', path: '/v2/media/folder', body: { folder, recursive: true } }))
  if (files.length) calls.unshift({ method: 'DELETE', path: '/v2/media', body: { paths: files } })
  return calls
}

export function renameCall(key: string, newName: string): ApiCall {
  if (key.endsWith('/')) return { method: 'PUT', path: '/v2/media/folder', body: { folder: key.slice(0, -1), new_name: newName } }
  return { method: 'PUT', path: '/v2/media', body: { path: key, new_name: newName } }
}

export const zipCall = (keys: readonly string[]): ApiCall => ({ method: 'POST', path: '/v2/media/zip', body: { paths: keys }, output: 'media.zip' })

export function lookCall(key: string): ApiCall {
  if (key.endsWith('/') || key === '') return { method: 'GET', path: '/v2/media/folder', query: { path: key.slice(0, -1) || '/' } }
  return { method: 'GET', path: '/v2/media/file', query: { path: key } }
}

export const makeFolderCall = (path: string): ApiCall => ({ method: 'POST', path: '/v2/media/folder', body: { path } })

export const uploadCall = (folder: string): ApiCall => ({ method: 'POST', path: '/v2/media', form: { folder, file: '@picture.png' } })

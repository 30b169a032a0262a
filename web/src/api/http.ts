// The one place that sends requests. Everything that can go wrong comes out as an `ApiError`.

/** Why a call did not work: the sentence is the server's own, and is shown as it is. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 when there was no answer at all. */
    readonly status: number,
    message: string,
    readonly code: string | undefined = undefined,
    readonly field: string | undefined = undefined,
    readonly retryAfter: number | undefined = undefined,
  ) {
    super(message)
  }

  get offline(): boolean {
    return this.status === 0
  }
}

/** What a request has besides its address. */
export type Sending = {
  query?: Record<string, unknown> | undefined
  body?: unknown
  signal?: AbortSignal | undefined
}

let csrf = ''

/** The proof that a write comes from this page; the session brings it. */
export const rememberCsrf = (token: string): void => void (csrf = token)

/** For those that send by other means, such as the upload queue. */
export const writeHeaders = (): Record<string, string> => (csrf ? { 'x-csrf-token': csrf } : {})

const signedOut = new Set<() => void>()

/** Calls back when the server no longer knows the session. */
export function onSignedOut(told: () => void): () => void {
  signedOut.add(told)
  return () => void signedOut.delete(told)
}

export const PANEL_API = '/dashboard/api'

/** The public API as it is mounted for one client. */
export const clientApi = (client: string): string => `${PANEL_API}/clients/${encodeURIComponent(client)}`

export function withQuery(path: string, query: Record<string, unknown> = {}): string {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const text = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()
  return text ? `${path}?${text}` : path
}

async function respond(method: string, url: string, sending: Sending): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET') Object.assign(headers, writeHeaders())
  if (sending.body !== undefined) headers['content-type'] = 'application/json'
  try {
    return await fetch(withQuery(url, sending.query), {
      method,
      headers,
      body: sending.body === undefined ? null : JSON.stringify(sending.body),
      signal: sending.signal ?? null,
      credentials: 'same-origin',
    })
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === 'AbortError') throw failure
    throw new ApiError(0, '')
  }
}

type FailureBody = {
  message?: string
  error?: { code?: string; message?: string; field?: string; retry_after?: number }
}

async function failureOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as FailureBody
  const { code, field, retry_after } = body.error ?? {}
  const wait = retry_after ?? (Number(response.headers.get('retry-after')) || undefined)
  return new ApiError(response.status, body.error?.message ?? body.message ?? '', code, field, wait)
}

/** Sends a request and reads its answer; a refusal is thrown. */
export async function call<Answer>(method: string, url: string, sending: Sending = {}): Promise<Answer> {
  const response = await respond(method, url, sending)
  if (!response.ok) {
    const failure = await failureOf(response)
    if (response.status === 401 && failure.code === 'signed_out') for (const told of signedOut) told()
    throw failure
  }
  if (response.status === 204) return undefined as Answer
  return (await response.json()) as Answer
}

/** The same, for an answer of bytes. */
export async function callForBlob(method: string, url: string, sending: Sending = {}): Promise<Blob> {
  const response = await respond(method, url, sending)
  if (!response.ok) throw await failureOf(response)
  return response.blob()
}

/** Reads a public file of the delivery URL: no cookie, no header, another origin. */
export async function readPublic(url: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, { credentials: 'omit', signal: signal ?? null })
  if (!response.ok) throw new ApiError(response.status, '')
  return response
}

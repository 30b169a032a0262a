// Asks the server for a place where the bytes of one file are gathered.
import { writeHeaders } from '../api/http'
import { uploadsUrl } from '../api/library'
import type { Upload } from './queue'

/** Why the server, or the way to it, did not take something. Status 0: there was no answer. */
export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message)
  }
}

function metadataOf(upload: Upload, hash: string | null): Record<string, string> {
  return {
    filename: upload.overwrite || upload.name !== tidied(upload.shown) ? upload.name : upload.shown,
    folder: upload.folder,
    ...(upload.type && { filetype: upload.type }),
    ...(upload.overwrite && { overwrite: 'true' }),
    ...(hash && { sha256: hash }),
  }
}

// The name as the person gave it is kept beside the library's own, unless they differ by more than what is not allowed.
const tidied = (name: string): string => name.replace(/[^a-zA-Z0-9._-]/gu, '_')

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))

export type Place = { url: string; done: boolean }

export async function createPlace(upload: Upload, hash: string | null, signal: AbortSignal): Promise<Place> {
  const metadata = Object.entries(metadataOf(upload, hash)).map(([key, value]) => `${key} ${base64(value)}`).join(',')
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': String(upload.size), 'upload-metadata': metadata, 'idempotency-key': `${upload.id}-${upload.round}`, ...writeHeaders() }
  const base = uploadsUrl(upload.client)
  let response: Response
  try {
    response = await fetch(base, { method: 'POST', headers, credentials: 'same-origin', signal })
  } catch (failure) {
    if (signal.aborted) throw failure
    throw new Refused(0, '')
  }
  if (!response.ok) throw new Refused(response.status, await sentence(response))
  // The server may know itself by another address than this page does.
  const id = (response.headers.get('location') ?? '').split('/').at(-1) ?? ''
  return { url: `${base}/${id}`, done: Number(response.headers.get('upload-offset') ?? -1) === upload.size }
}

async function sentence(response: Response): Promise<string> {
  return sentenceIn(await response.text().catch(() => ''))
}

export function sentenceIn(body: string): string {
  try {
    const { message, error } = JSON.parse(body) as { message?: string; error?: string | { message?: string } }
    return message ?? (typeof error === 'string' ? error : error?.message) ?? ''
  } catch {
    return ''
  }
}

/** Gives up what was gathered, and the room reserved for it. */
export async function dropPlace(url: string): Promise<void> {
  // A place that cannot be given up now is given up by its own time limit.
  await fetch(url, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0', ...writeHeaders() }, credentials: 'same-origin' }).catch(() => undefined)
}

// Files as other programs want them: lines, JSON, CSV, and the element of a movie.
import type { File } from '../api/schema'
import { joinPath } from './path'

export const URL_FORMS = ['lines', 'json', 'csv'] as const
export type UrlForm = (typeof URL_FORMS)[number]

export type Element = { type: string; src: string }

/** The element of a movie's JSON that shows or plays a file; a file of no such type has none. */
export const elementOf = (file: File): Element | null => (file.type === 'other' ? null : { type: file.type, src: file.url })

export const elementText = (file: File): string => JSON.stringify(elementOf(file), null, 2)

// A spreadsheet takes a cell that begins like this for a formula.
const harmless = (value: string): string => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value)

const cell = (value: string): string => {
  const text = harmless(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function urlsAs(form: UrlForm, files: readonly File[]): string {
  if (form === 'lines') return files.map((file) => file.url).join('\n')
  if (form === 'json') {
    return JSON.stringify(files.map((file) => elementOf(file) ?? { src: file.url }), null, 2)
  }
  const rows = files.map((file) => [joinPath(file.folder, file.name), file.type, String(file.size), file.url, file.immutableUrl ?? ''])
  return [['path', 'type', 'size', 'url', 'immutable_url'], ...rows].map((row) => row.map(cell).join(',')).join('\r\n')
}

// Downloads by the browser's own means wherever they can be: nothing of a large file comes into memory.
import { zipOf } from '../api/files'
import { zipOfFolderUrl, zipOfPathsUrl } from '../api/library'
import type { File } from '../api/schema'
import { t } from '../text'
import { tellFailure } from './failures'
import { dismiss, tell } from './toasts'

function follow(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.rel = 'noopener'
  document.body.append(link)
  link.click()
  link.remove()
}

export const downloadUrl = (file: File): string => `${file.url}?download=1`

export const downloadFile = (file: File): void => follow(downloadUrl(file), file.displayName)

export const downloadFolder = (client: string, path: string): void => follow(zipOfFolderUrl(client, path), '')

// Servers and proxies take no longer addresses.
const LONGEST = 6000

/** Files and folders as one ZIP; only one of very many comes through memory. */
export async function downloadZip(client: string, keys: readonly string[]): Promise<void> {
  const address = zipOfPathsUrl(client, keys)
  if (address.length < LONGEST) return follow(address, '')
  const told = tell(t.told.zipping, { milliseconds: 60_000 })
  try {
    const blob = await zipOf(client, [...keys])
    const url = URL.createObjectURL(blob)
    follow(url, 'media.zip')
    // The browser reads it after the click; a minute is more than it needs to begin.
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  } catch (failure) {
    tellFailure(failure)
  } finally {
    dismiss(told)
  }
}

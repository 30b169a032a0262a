// What a file is, as far as it is known.
import type { File } from '../api/schema'

export type Dimensions = { width: number; height: number }

/** As it is seen: the server has applied orientation and rotation. */
export function dimensionsOf(file: File): Dimensions | null {
  const seen = file.metadata?.image ?? file.metadata?.video
  return seen && seen.width > 0 && seen.height > 0 ? { width: seen.width, height: seen.height } : null
}

export const isAnimation = (file: File): boolean => (file.metadata?.image?.frames ?? 1) > 1

/** The smallest thumbnail that is sharp at this many pixels, or the greatest there is. */
export function thumbnailFor(file: File, pixels: number): string | null {
  const sizes = Object.entries(file.derived)
    .map(([name, url]) => ({ pixels: Number(/^thumb-(\d+)\./.exec(name)?.[1]), url }))
    .filter((size) => size.pixels > 0)
    .sort((a, b) => a.pixels - b.pixels)
  return (sizes.find((size) => size.pixels >= pixels) ?? sizes.at(-1))?.url ?? file.thumbnailUrl ?? null
}

export type Progress = 'pending' | 'importing' | 'import-failed' | 'processing' | 'failed' | 'ready'

export function progressOf(file: File): Progress {
  if (file.import) return file.import.state === 'failed' ? 'import-failed' : 'importing'
  if (file.status === 'pending') return 'pending'
  if (file.processing === 'failed') return 'failed'
  return file.processing === 'queued' || file.processing === 'running' ? 'processing' : 'ready'
}

/** Browsers show no TIFF; the server makes a picture of it that they do. */
export const shownByBrowsers = (file: File): boolean => !/^image\/tiff/.test(file.metadata?.mime ?? '') && !/\.tiff?$/i.test(file.name)

export const withVersion = (url: string, sha256: string | null | undefined): string => (sha256 ? `${url}#${sha256.slice(0, 12)}` : url)

import { dimensionsOf, isAnimation, progressOf, thumbnailFor } from '../../model/facts'
import { duration } from '../../model/format'
import type { File } from '../../api/schema'
import { Icon, type IconName } from '../../parts/Icon'
import { t } from '../../text'

export const kindIcon = (file: File): IconName => (['image', 'video', 'audio'].includes(file.type) ? (file.type as IconName) : 'other')

/** The picture of a file, in the place that it will take before it has come. */
export function Thumb({ file, pixels }: { file: File; pixels: number }) {
  const url = thumbnailFor(file, pixels)
  const size = dimensionsOf(file)
  const progress = progressOf(file)
  if (url) {
    return (
      <img className={`thumb ${file.type === 'audio' ? 'thumb--wave' : ''} ${file.metadata?.image?.alpha ? 'checks' : ''}`} src={url} alt="" loading="lazy" decoding="async" draggable={false}
        {...(size ? { width: size.width, height: size.height } : {})} />
    )
  }
  return (
    <span className={`thumb-none ${progress === 'processing' || progress === 'importing' ? 'thumb-none--busy' : ''}`}>
      <Icon name={progress === 'failed' || progress === 'import-failed' ? 'warn' : kindIcon(file)} />
    </span>
  )
}

/** How long it plays, or that it moves. */
export function Badge({ file }: { file: File }) {
  const milliseconds = file.metadata?.duration_ms
  if (isAnimation(file)) return <span className="badge">GIF</span>
  return milliseconds && file.type !== 'image' ? <span className="badge num">{duration(milliseconds)}</span> : null
}

/** One short line: what it is, or what is the matter with it. */
export function detailsOf(file: File): string {
  const progress = progressOf(file)
  if (progress !== 'ready') return t.progress[progress]
  const size = dimensionsOf(file)
  const parts = [size && `${size.width} × ${size.height}`, file.type !== 'image' && file.metadata?.duration_ms ? duration(file.metadata.duration_ms) : null]
  return parts.filter(Boolean).join(' · ')
}

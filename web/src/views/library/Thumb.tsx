import { type Dimensions, dimensionsOf, isAnimation, progressOf, thumbnailFor } from '../../model/facts'
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
    if (!size) return <img className={`thumb ${file.type === 'audio' ? 'thumb--wave' : ''}`} src={url} alt="" loading="lazy" decoding="async" draggable={false} />
    return <img className={`thumb ${file.metadata?.image?.alpha ? 'checks' : ''}`} src={url} alt="" loading="lazy" decoding="async" draggable={false} style={inside(size)} />
  }
  return (
    <span className={`thumb-none ${progress === 'processing' || progress === 'importing' ? 'thumb-none--busy' : ''}`}>
      <Icon name={progress === 'failed' || progress === 'import-failed' ? 'warn' : kindIcon(file)} />
    </span>
  )
}

// Wider than this, a picture touches the sides of its place; narrower, the top and the bottom.
const WELL = 1 / 0.72

/** The picture's own place within the well: known before it comes, and never larger than it is. */
function inside({ width, height }: Dimensions): React.CSSProperties {
  const ratio = { aspectRatio: `${width} / ${height}` }
  return width / height > WELL ? { ...ratio, width: `min(100%, ${width}px)`, height: 'auto' } : { ...ratio, width: 'auto', height: `min(100%, ${height}px)` }
}

/** How long it plays, or that it moves. */
export function Badge({ file }: { file: File }) {
  const milliseconds = file.metadata?.duration_ms
  // Written by the style: beside the name, the figures say it in words already.
  if (isAnimation(file)) return <span className="badge" data-text="GIF" />
  return milliseconds && file.type !== 'image' ? <span className="badge num" data-text={duration(milliseconds)} /> : null
}

/** One short line: what it is, or what is the matter with it. */
export function detailsOf(file: File): string {
  const progress = progressOf(file)
  if (progress !== 'ready') return t.progress[progress]
  const size = dimensionsOf(file)
  const parts = [size && `${size.width} × ${size.height}`, file.type !== 'image' && file.metadata?.duration_ms ? duration(file.metadata.duration_ms) : null]
  return parts.filter(Boolean).join(' · ')
}

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { downloadFile } from '../../actions/download'
import type { File } from '../../api/schema'
import { dimensionsOf, progressOf, shownByBrowsers, thumbnailFor } from '../../model/facts'
import { type Lie, type Size, fitScale, fitted, held, zoomed } from '../../model/zoom'
import { Button } from '../../parts/Button'
import { State } from '../../parts/State'
import { figures, t } from '../../text'
import { useWindowKeys } from './useWindowKeys'

/** Where a file is shown, or why it is not. */
export function Stage({ file }: { file: File }) {
  const progress = progressOf(file)
  const size = dimensionsOf(file)
  const original = <Button look="line" icon="download" onPress={() => downloadFile(file)}>{t.preview.downloadOriginal}</Button>
  if (progress === 'pending') return <div className="stage"><State icon="upload" title={t.progress.pending} hint={t.preview.pending} /></div>
  if (progress === 'importing') return <div className="stage"><State icon="download" title={t.preview.importing} hint={file.import?.src ?? ''} /></div>
  if (progress === 'import-failed') return <div className="stage"><State icon="warn" tone="bad" title={t.preview.importFailed} hint={file.import?.message ?? ''} /></div>
  if (progress === 'failed') return <div className="stage"><State icon="warn" tone="bad" title={t.preview.failed} hint={file.processingError ?? ''}>{original}</State></div>
  const source = shownByBrowsers(file) ? file.url : thumbnailFor(file, 1280)
  if (file.type === 'image' && size && source) return <Picture key={file.sha256} file={file} size={size} source={source} />
  if (progress === 'processing') return <div className="stage"><State icon="replace" title={t.progress.processing} hint={t.preview.processing}>{original}</State></div>
  return <div className="stage"><State icon="other" title={t.preview.noPreview}>{original}</State></div>
}

const STEP = 1.4
const PAN = 60

function Picture({ file, size, source }: { file: File; size: Size; source: string }) {
  const stage = useRef<HTMLDivElement>(null)
  const [room, setRoom] = useState<Size>({ width: 0, height: 0 })
  const [lie, setLie] = useState<Lie | null>(null)
  const [loaded, setLoaded] = useState(false)
  useLayoutEffect(() => {
    const element = stage.current
    if (!element) return
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const fit = fitted(room, size)
  const now = lie ? held(lie, room, size) : fit
  const isFit = lie === null || now.scale <= fit.scale
  const zoomTo = useCallback((to: (scale: number) => number, point = { x: 0, y: 0 }) => {
    setLie((old) => {
      const next = zoomed(old ?? fitted(room, size), to(old?.scale ?? fitScale(room, size)), point, room, size)
      return next.scale <= fitScale(room, size) && next.scale < 1 ? null : next
    })
  }, [room, size])
  const drag = useGestures(stage, zoomTo, setLie, room, size)

  useWindowKeys(({ key }) => {
    const pan = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key]
    if (pan && !isFit) setLie(held({ ...now, x: now.x + (pan[0] ?? 0) * PAN, y: now.y + (pan[1] ?? 0) * PAN }, room, size))
    else if (key === '+' || key === '=') zoomTo((scale) => scale * STEP)
    else if (key === '-') zoomTo((scale) => scale / STEP)
    else if (key === '0') setLie(null)
    else if (key === '1') zoomTo(() => 1)
    else return false
    return true
  })
  const place = { width: size.width, height: size.height, transform: `translate(-50%, -50%) translate(${now.x}px, ${now.y}px) scale(${now.scale})` }
  const small = thumbnailFor(file, 320)
  return (
    <div className="stage stage--picture">
      <div ref={stage} className="stage-ground" tabIndex={0} role="img" aria-label={t.preview.image(file.displayName)} data-loose={!isFit} {...drag}>
        {room.width > 0 && (
          <>
            {!loaded && small && <img className={`stage-picture ${file.metadata?.image?.alpha ? 'checks' : ''}`} src={small} alt="" style={place} draggable={false} />}
            <img className={`stage-picture ${file.metadata?.image?.alpha && loaded ? 'checks' : ''}`} data-sharp={now.scale >= 2} src={source} alt="" style={place} draggable={false} onLoad={() => setLoaded(true)} />
          </>
        )}
      </div>
      <div className="stage-tools" role="toolbar" aria-label={t.preview.zoom}>
        <Button icon="minus" label={t.preview.zoomOut} isDisabled={isFit} onPress={() => zoomTo((scale) => scale / STEP)} />
        <span className="num stage-scale" role="status">{figures.percent(now.scale)}</span>
        <Button icon="plus" label={t.preview.zoomIn} onPress={() => zoomTo((scale) => scale * STEP)} />
        <Button aria-pressed={isFit} onPress={() => setLie(null)}>{t.preview.fit}</Button>
        <Button aria-pressed={now.scale === 1} onPress={() => zoomTo(() => 1)}>{t.preview.actual}</Button>
      </div>
    </div>
  )
}

type ZoomTo = (to: (scale: number) => number, point?: { x: number; y: number }) => void
type SetLie = React.Dispatch<React.SetStateAction<Lie | null>>

/** Wheel, drag, pinch and double click. */
function useGestures(stage: React.RefObject<HTMLDivElement | null>, zoomTo: ZoomTo, setLie: SetLie, room: Size, size: Size) {
  const pointers = useRef(new Map<number, { x: number; y: number }>())
  const fromMiddle = (x: number, y: number) => {
    const rect = stage.current?.getBoundingClientRect()
    return rect ? { x: x - rect.left - rect.width / 2, y: y - rect.top - rect.height / 2 } : { x: 0, y: 0 }
  }
  useEffect(() => {
    const element = stage.current
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      zoomTo((scale) => scale * Math.exp(-event.deltaY / 400), fromMiddle(event.clientX, event.clientY))
    }
    // React listens passively, and the page would scroll.
    element?.addEventListener('wheel', wheel, { passive: false })
    return () => element?.removeEventListener('wheel', wheel)
  })
  const spread = () => {
    const [a, b] = [...pointers.current.values()]
    return a && b ? { far: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } } : null
  }
  return {
    onPointerDown: (event: React.PointerEvent) => {
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
      event.currentTarget.setPointerCapture(event.pointerId)
    },
    onPointerMove: (event: React.PointerEvent) => {
      const before = pointers.current.get(event.pointerId)
      if (!before) return
      const was = spread()
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
      const is = spread()
      if (was && is) return zoomTo((scale) => (scale * is.far) / Math.max(1, was.far), fromMiddle(is.middle.x, is.middle.y))
      setLie((lie) => lie && held({ ...lie, x: lie.x + event.clientX - before.x, y: lie.y + event.clientY - before.y }, room, size))
    },
    onPointerUp: (event: React.PointerEvent) => void pointers.current.delete(event.pointerId),
    onPointerCancel: (event: React.PointerEvent) => void pointers.current.delete(event.pointerId),
    onDoubleClick: (event: React.MouseEvent) => {
      const point = fromMiddle(event.clientX, event.clientY)
      zoomTo((scale) => (scale > fitScale(room, size) * 1.01 ? fitScale(room, size) * 0.5 : Math.max(1, fitScale(room, size) * 2)), point)
    },
  }
}

import { Suspense, lazy, useEffect, useRef, useState } from 'react'
import { downloadFile } from '../../actions/download'
import type { File } from '../../api/schema'
import { progressOf } from '../../model/facts'
import { duration } from '../../model/format'
import { Button } from '../../parts/Button'
import { State } from '../../parts/State'
import { t } from '../../text'
import { Controls } from './Controls'
import { useWindowKeys } from './useWindowKeys'

const Waveform = lazy(() => import('./Waveform').then((module) => ({ default: module.Waveform })))

/** Plays a film or a sound. */
export function Player({ file }: { file: File }) {
  const media = useRef<HTMLVideoElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const [failed, fail] = useState(false)
  const [ready, setReady] = useState<HTMLVideoElement | null>(null)
  useEffect(() => setReady(media.current), [])
  // To be interrupted by a pause is no failure.
  const refused = (failure: unknown) => failure instanceof DOMException && failure.name === 'NotSupportedError' && fail(true)
  const toggle = () => (media.current?.paused ? void media.current.play().catch(refused) : media.current?.pause())
  useWindowKeys((event) => {
    if (event.key !== ' ' || (event.target as Element).closest('button')) return false
    toggle()
    return true
  })
  const original = <Button look="line" icon="download" onPress={() => downloadFile(file)}>{t.preview.downloadOriginal}</Button>
  if (progressOf(file) === 'failed') return <div className="stage"><State icon="warn" tone="bad" title={t.preview.failed} hint={file.processingError ?? ''}>{original}</State></div>
  if (failed) return <div className="stage"><State icon={file.type === 'video' ? 'video' : 'audio'} title={t.preview.notPlayable} hint={progressOf(file) === 'processing' ? t.preview.processing : ''}>{original}</State></div>

  const video = file.type === 'video'
  const size = file.metadata?.video
  return (
    <div className={`stage stage--${file.type}`} ref={frame}>
      <div className="stage-ground" tabIndex={0} role="group" aria-label={file.displayName}>
        {!video && ready && file.derived['waveform.json'] && <Suspense fallback={<div className="wave skeleton" />}><Waveform media={ready} file={file} peaks={file.derived['waveform.json']} /></Suspense>}
        {!video && !file.derived['waveform.json'] && <div className="wave" />}
        <video ref={media} className={video ? 'stage-film' : 'invisible'} src={file.url} poster={file.derived['poster.webp']} playsInline preload="metadata" onClick={toggle} onError={() => fail(true)}
          {...(size ? { width: size.width, height: size.height } : {})} />
      </div>
      {ready && <Controls media={ready} file={file} frame={frame} />}
      <span className="hidden">{t.preview.duration}: {duration(file.metadata?.duration_ms ?? 0)}</span>
    </div>
  )
}

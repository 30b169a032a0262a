import { useEffect, useReducer, useState } from 'react'
import type { File } from '../../api/schema'
import { duration } from '../../model/format'
import { sceneAt } from '../../model/storyboard'
import { Button } from '../../parts/Button'
import { WithMenu } from '../../parts/Menus'
import { figures, t } from '../../text'
import { useStoryboard } from '../library/Living'

const TOLD = ['play', 'pause', 'timeupdate', 'durationchange', 'volumechange', 'ratechange', 'ended', 'seeking', 'progress'] as const
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2]

/** Play, position, volume, speed, full screen: the same for films and sounds. */
export function Controls({ media, file, frame }: { media: HTMLVideoElement; file: File; frame: React.RefObject<HTMLElement | null> }) {
  const [, again] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    for (const event of TOLD) media.addEventListener(event, again)
    return () => {
      for (const event of TOLD) media.removeEventListener(event, again)
    }
  }, [media])
  const length = Number.isFinite(media.duration) ? media.duration : (file.metadata?.duration_ms ?? 0) / 1000
  const speeds = SPEEDS.map((speed) => ({ id: String(speed), label: `${figures.decimal(speed)}×`, on: media.playbackRate === speed, run: () => void (media.playbackRate = speed) }))
  const toggle = () => (media.paused ? void media.play().catch(() => undefined) : media.pause())
  return (
    <div className="controls" role="group" aria-label={t.player.seek}>
      <Button icon={media.paused ? 'play' : 'pause'} label={media.paused ? t.player.play : t.player.pause} onPress={toggle} className="controls-play" />
      <Seek media={media} file={file} length={length} />
      <span className="num controls-time">{duration(media.currentTime * 1000)} / {duration(length * 1000)}</span>
      <Button icon={media.muted || media.volume === 0 ? 'silent' : 'sound'} label={media.muted ? t.player.unmute : t.player.mute} onPress={() => void (media.muted = !media.muted)} />
      <input type="range" className="range controls-volume" min={0} max={1} step={0.05} value={media.muted ? 0 : media.volume} aria-label={t.player.volume}
        style={{ '--share': `${(media.muted ? 0 : media.volume) * 100}%` } as React.CSSProperties}
        onChange={(event) => { media.volume = Number(event.target.value); media.muted = false }} />
      <WithMenu label={t.player.speed} groups={[{ head: t.player.speed, entries: speeds }]} placement="top end">
        <Button className="num controls-speed" aria-label={`${t.player.speed}: ${media.playbackRate}×`}>{figures.decimal(media.playbackRate)}×</Button>
      </WithMenu>
      {file.type === 'video' && <Button icon="full" label={t.player.fullscreen} onPress={() => void (document.fullscreenElement ? document.exitFullscreen() : frame.current?.requestFullscreen())} />}
    </div>
  )
}

/** The position, with the picture of the moment above the pointer. */
function Seek({ media, file, length }: { media: HTMLVideoElement; file: File; length: number }) {
  const scenes = useStoryboard(file.derived['storyboard.vtt'])
  const [pointed, point] = useState<number | null>(null)
  const scene = scenes && pointed !== null ? sceneAt(scenes, pointed * length) : undefined
  const share = length ? (100 * media.currentTime) / length : 0
  return (
    <span className="seek" onPointerMove={(event) => { const rect = event.currentTarget.getBoundingClientRect(); point(Math.min(1, Math.max(0, (event.clientX - rect.left) / rect.width))) }} onPointerLeave={() => point(null)}>
      <input type="range" className="range" min={0} max={length || 1} step="any" value={media.currentTime} aria-label={t.player.seek} aria-valuetext={t.player.time(duration(media.currentTime * 1000), duration(length * 1000))}
        style={{ '--share': `${share}%` } as React.CSSProperties}
        onChange={(event) => void (media.currentTime = Number(event.target.value))}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -5, ArrowRight: 5 }[event.key]
          if (!by) return
          event.preventDefault()
          event.stopPropagation()
          media.currentTime = Math.min(length, Math.max(0, media.currentTime + by))
        }} />
      {pointed !== null && (
        <span className="seek-look" style={{ left: `${pointed * 100}%` }} aria-hidden="true">
          {scene && <svg width={scene.width} height={scene.height} viewBox={`0 0 ${scene.width} ${scene.height}`}><image href={scene.src} x={-scene.x} y={-scene.y} /></svg>}
          <span className="num">{duration(pointed * length * 1000)}</span>
        </span>
      )}
    </span>
  )
}

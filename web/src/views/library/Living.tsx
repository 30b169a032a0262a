// A tile that comes to life under the pointer: a film that can be leafed through, a sound that plays, an animation that moves.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { readText } from '../../api/files'
import type { File } from '../../api/schema'
import { isAnimation } from '../../model/facts'
import { parseStoryboard, sceneAt } from '../../model/storyboard'

export function Living({ file }: { file: File }) {
  if (file.type === 'audio') return <Sound file={file} />
  if (file.derived['storyboard.vtt']) return <Leaf file={file} vtt={file.derived['storyboard.vtt']} />
  if (isAnimation(file)) return <Moving file={file} />
  return null
}

export function useStoryboard(vtt: string | undefined) {
  const { data } = useQuery({
    queryKey: ['storyboard', vtt],
    queryFn: async ({ signal }) => parseStoryboard(await readText(vtt ?? '', signal), vtt ?? ''),
    enabled: vtt !== undefined,
    staleTime: Infinity,
  })
  return data
}

/** From left to right the film passes under the pointer. */
function Leaf({ file, vtt }: { file: File; vtt: string }) {
  const scenes = useStoryboard(vtt)
  const place = useRef<HTMLSpanElement>(null)
  const [share, setShare] = useState(0.5)
  useEffect(() => {
    const well = place.current?.parentElement
    if (!well) return
    const move = (event: PointerEvent) => {
      const rect = well.getBoundingClientRect()
      setShare(Math.min(0.999, Math.max(0, (event.clientX - rect.left) / rect.width)))
    }
    well.addEventListener('pointermove', move)
    return () => well.removeEventListener('pointermove', move)
  }, [])
  const length = (file.metadata?.duration_ms ?? 0) / 1000
  const scene = scenes && sceneAt(scenes, share * length)
  return (
    <span ref={place} className="living" aria-hidden="true">
      {scene && (
        <svg className="living-scene" viewBox={`0 0 ${scene.width} ${scene.height}`} preserveAspectRatio="xMidYMid meet">
          <svg width={scene.width} height={scene.height} overflow="hidden"><image href={scene.src} x={-scene.x} y={-scene.y} /></svg>
        </svg>
      )}
      <span className="living-line" style={{ width: `${share * 100}%` }} />
    </span>
  )
}

/** Plays as long as it is there, and says how far it is. */
function Sound({ file }: { file: File }) {
  const sound = useRef<HTMLAudioElement>(null)
  const [share, setShare] = useState(0)
  useEffect(() => {
    const element = sound.current
    // Where the browser does not let it play, nothing happens; the preview says why.
    element?.play().catch(() => undefined)
    return () => element?.pause()
  }, [])
  return (
    <span className="living living--sound" aria-hidden="true">
      <audio ref={sound} src={file.url} onTimeUpdate={(event) => setShare(event.currentTarget.currentTime / (event.currentTarget.duration || 1))} />
      <span className="living-line living-line--sound" style={{ width: `${share * 100}%` }} />
    </span>
  )
}

function Moving({ file }: { file: File }) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return null
  return <img className="thumb living" src={file.derived['preview.webp'] ?? file.url} alt="" />
}

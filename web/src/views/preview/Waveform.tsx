import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import WaveSurfer from 'wavesurfer.js'
import { readPeaks } from '../../api/files'
import type { File } from '../../api/schema'
import { barsOf } from '../../model/peaks'

const BARS = 2000

/** The waveform as the server drew it; the sound itself is not read for it. */
export function Waveform({ media, file, peaks }: { media: HTMLMediaElement; file: File; peaks: string }) {
  const place = useRef<HTMLDivElement>(null)
  const { data } = useQuery({
    queryKey: ['peaks', peaks],
    queryFn: async ({ signal }) => barsOf(await readPeaks(peaks, signal), BARS),
    staleTime: Infinity,
  })
  useEffect(() => {
    if (!place.current || !data) return
    const style = getComputedStyle(place.current)
    const wave = WaveSurfer.create({
      container: place.current, media, peaks: [data], duration: (file.metadata?.duration_ms ?? 0) / 1000, height: 'auto', barWidth: 3, barGap: 2, barRadius: 2, normalize: true, dragToSeek: true,
      waveColor: style.color, progressColor: style.accentColor, cursorColor: style.accentColor, cursorWidth: 2,
    })
    return () => wave.destroy()
  }, [media, data, file.metadata?.duration_ms])
  return <div ref={place} className="wave" aria-hidden="true" />
}

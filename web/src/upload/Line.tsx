import { placeName } from '../actions/library'
import { Button } from '../parts/Button'
import { Icon, type IconName } from '../parts/Icon'
import { figures } from '../text'
import { uploadText } from '../text/upload'
import { cancel, pace, paces, pause, resume, retry } from './manager'
import { timeLeft } from './pace'
import type { Upload } from './queue'

const iconOf = ({ type, state }: Upload): IconName => {
  if (state === 'done') return 'check'
  if (state === 'failed') return 'warn'
  const kind = type.split('/')[0]
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'other'
}

function wordsOf(upload: Upload): string {
  const { state, sent, size } = upload
  if (state === 'failed') return upload.why
  if (state === 'done') return upload.held ? uploadText.states.held : `${placeName(upload.folder)} · ${figures.bytes(size)}`
  if (state === 'sending' && sent >= size) return `${uploadText.states.finishing} · ${figures.bytes(size)}`
  if (state === 'sending' && sent > 0) {
    const own = paces.get(upload.id)
    const words = [uploadText.figures(figures.bytes(sent), figures.bytes(size))]
    if (own?.speed) words.push(figures.speed(Math.round(own.speed)))
    const seconds = own?.secondsFor(size - sent) ?? (pace.speed ? pace.secondsFor(size - sent) : null)
    if (seconds !== null && own?.speed) {
      const { unit, count } = timeLeft(seconds)
      words.push(uploadText.left(unit, count))
    }
    return words.join(' · ')
  }
  return `${uploadText.states[state]} · ${figures.bytes(size)}`
}

/** One file of the queue. */
export function Line({ upload, at, of, top }: { upload: Upload; at: number; of: number; top: number }) {
  const { state, shown, sent, size } = upload
  const share = state === 'done' ? 1 : size ? sent / size : 0
  const running = state === 'sending' || state === 'waiting' || state === 'broken'
  const shows = state === 'sending' || (sent > 0 && (state === 'paused' || state === 'broken'))
  return (
    <div role="listitem" aria-posinset={at + 1} aria-setsize={of} className="dock-line" data-state={state} style={{ transform: `translateY(${top}px)` }}>
      <Icon name={iconOf(upload)} />
      <div className="dock-words">
        <span className="clip dock-name" title={`${placeName(upload.folder)} / ${shown}`}>{shown}</span>
        <span className="clip num dock-what" title={wordsOf(upload)}>{wordsOf(upload)}</span>
        {shows && (
          <div className="track" role="progressbar" aria-label={uploadText.progress(shown)} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.floor(share * 100)} data-state={state}>
            <span style={{ transform: `scaleX(${share})` }} />
          </div>
        )}
      </div>
      {running && <Button small icon="pause" label={uploadText.of(uploadText.pause, shown)} onPress={() => pause([upload])} />}
      {state === 'paused' && <Button small icon="play" label={uploadText.of(uploadText.resume, shown)} onPress={() => resume([upload])} />}
      {state === 'failed' && !upload.hopeless && <Button small icon="replace" label={uploadText.of(uploadText.retry, shown)} onPress={() => retry([upload])} />}
      <Button small icon="close" label={uploadText.of(running || state === 'paused' ? uploadText.cancel : uploadText.remove, shown)} onPress={() => cancel([upload])} />
    </div>
  )
}

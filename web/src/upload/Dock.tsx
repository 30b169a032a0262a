import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { pickFiles } from '../views/library/itemMenu'
import { readUploads } from '../actions/uploads'
import { Button } from '../parts/Button'
import { figures } from '../text'
import { uploadText } from '../text/upload'
import { Line } from './Line'
import { askAgain, cancel, pace, pause, queue, readVersion, resume, retry, watchQueue } from './manager'
import { timeLeft } from './pace'
import '../theme/upload.css'

const LINE = 56
const MOST_LINES = 5

/** The queue at the edge of every page: all in all, and each by itself. */
export function Dock() {
  useSyncExternalStore(watchQueue, readVersion)
  const [folded, fold] = useState(false)
  const { count, states } = queue.totals
  const over = !queue.busy && !states.paused
  if (!count) return null
  const close = () => cancel([...queue.items.values()])
  return (
    <section className="dock" aria-label={uploadText.region} data-folded={folded}>
      <header className="dock-head">
        <h2 className="clip" id="dock-title">{titleOf()}</h2>
        <Button small icon={folded ? 'up' : 'down'} label={folded ? uploadText.unfold : uploadText.fold} aria-expanded={!folded} onPress={() => fold(!folded)} />
        {over && !states.absent && <Button small icon="close" label={uploadText.close} onPress={close} />}
      </header>
      <Whole />
      {states.absent > 0 && <Before />}
      {!folded && <List />}
      {!folded && <Foot over={over} />}
      <Spoken />
    </section>
  )
}

function titleOf(): string {
  const { count, states } = queue.totals
  if (states.broken && !states.sending) return uploadText.interrupted
  if (queue.busy) return uploadText.title(states.done, count)
  if (states.paused) return uploadText.paused(states.paused)
  if (states.failed) return uploadText.failedSome(states.failed)
  return states.absent ? uploadText.title(states.done, count) : uploadText.finished(states.done)
}

function Whole() {
  const { bytes, sent, states } = queue.totals
  const share = bytes ? Math.min(1, sent / bytes) : states.absent ? 0 : 1
  const seconds = pace.secondsFor(bytes - sent)
  const words = [uploadText.figures(figures.bytes(sent), figures.bytes(bytes))]
  if (states.sending && pace.speed) words.push(figures.speed(Math.round(pace.speed)))
  if (states.sending && seconds !== null) {
    const { unit, count } = timeLeft(seconds)
    words.push(uploadText.left(unit, count))
  }
  return (
    <div className="dock-whole">
      <div className="track" role="progressbar" aria-label={uploadText.total} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.floor(share * 100)} data-state={states.failed && !queue.busy ? 'failed' : queue.busy ? 'sending' : 'done'}>
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
      {bytes > 0 && <p className="num">{words.join(' · ')}</p>}
    </div>
  )
}

/** What an earlier visit left: the browser may have kept the way to the files, or they are chosen again. */
function Before() {
  const left = queue.all('absent')
  const kept = left.some(({ handle }) => handle)
  const choose = () => pickFiles({ many: true }, (files) => readUploads()?.add(files, left[0]?.folder ?? ''))
  const goOn = () => void askAgain().then((some) => some && choose())
  return (
    <div className="dock-before">
      <p>{kept ? uploadText.beforeHandles(left.length) : uploadText.before(left.length)}</p>
      <Button small look="main" onPress={kept ? goOn : choose}>{kept ? uploadText.goOn : uploadText.chooseAgain}</Button>
      <Button small onPress={() => cancel(left)}>{uploadText.forget}</Button>
    </div>
  )
}

function List() {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: queue.order.length, getScrollElement: () => scroller.current, estimateSize: () => LINE, overscan: 4, getItemKey: (at) => queue.order[at] ?? at })
  return (
    <div className="dock-list" ref={scroller} role="list" aria-labelledby="dock-title" tabIndex={0} style={{ height: Math.min(MOST_LINES, queue.order.length) * LINE }}>
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const upload = queue.items.get(queue.order[index] ?? '')
          return upload && <Line key={key} upload={upload} at={index} of={queue.order.length} top={start} />
        })}
      </div>
    </div>
  )
}

function Foot({ over }: { over: boolean }) {
  const { states } = queue.totals
  const going = states.waiting + states.sending + states.broken
  const open = () => queue.all('waiting', 'sending', 'broken', 'paused')
  if (over && !states.failed) return null
  return (
    <footer className="dock-foot">
      {going > 0 && <Button small icon="pause" onPress={() => pause(open())}>{uploadText.pauseAll}</Button>}
      {states.paused > 0 && <Button small icon="play" onPress={() => resume(queue.all('paused'))}>{uploadText.resumeAll}</Button>}
      {states.failed > 0 && <Button small icon="replace" onPress={() => retry(queue.all('failed').filter(({ hopeless }) => !hopeless))}>{uploadText.retryAll}</Button>}
      {!over && <Button small className="dock-cancel" onPress={() => cancel(open())}>{uploadText.cancelAll}</Button>}
    </footer>
  )
}

/** What a screen reader is told: beginnings and ends, not every step. */
function Spoken() {
  const [words, say] = useState('')
  const last = useRef('')
  const { states } = queue.totals
  const mark = queue.busy ? (states.broken && !states.sending ? 'broken' : 'busy') : states.paused ? 'paused' : 'over'
  useEffect(() => {
    if (mark === last.current) return
    last.current = mark
    say(titleOf())
  }, [mark])
  return <p className="hidden" role="status">{words}</p>
}

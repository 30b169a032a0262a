import { useEffect, useState, useSyncExternalStore } from 'react'
import { listen } from '../api/events'
import { libraryChanged } from '../actions/queries'
import { t } from '../text'
import { useHere } from './session'

// Many changes in a row are read together; the first comes through at once.
const PAUSE_MS = 400
// A short break of the connection is not worth a word.
const PATIENCE_MS = 4000

function watchOnline(watcher: () => void): () => void {
  addEventListener('online', watcher)
  addEventListener('offline', watcher)
  return () => {
    removeEventListener('online', watcher)
    removeEventListener('offline', watcher)
  }
}

/** Keeps what is shown as the server has it, whoever changed it. */
export function LiveChanges() {
  const { client } = useHere()
  const [live, setLive] = useState(true)
  useEffect(() => {
    let waiting = false
    let again = false
    const read = () => {
      if (waiting) return void (again = true)
      waiting = true
      void libraryChanged(client.id)
      setTimeout(() => {
        waiting = false
        if (again) read()
        again = false
      }, PAUSE_MS)
    }
    let doubt: ReturnType<typeof setTimeout> | undefined
    const stop = listen(client.id, read, (connected) => {
      clearTimeout(doubt)
      if (connected) setLive(true)
      else doubt = setTimeout(() => setLive(false), PATIENCE_MS)
    })
    return () => {
      clearTimeout(doubt)
      stop()
    }
  }, [client.id])
  const online = useSyncExternalStore(watchOnline, () => navigator.onLine)
  const words = online ? (live ? null : t.library.liveOff) : t.states.offlineBar
  return <div role="status" className="live-note">{words && <span>{words}</span>}</div>
}

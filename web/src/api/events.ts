// Server-sent events: the library of a client is other than before.
import { clientApi } from './http'

/** Listens until the returned function is called. The browser reconnects by itself. */
export function listen(client: string, changed: () => void, state: (live: boolean) => void): () => void {
  const source = new EventSource(`${clientApi(client)}/events`)
  let opened = false
  source.addEventListener('open', () => {
    state(true)
    // What happened while nobody listened is not told again.
    if (opened) changed()
    opened = true
  })
  source.addEventListener('error', () => state(false))
  source.addEventListener('change', changed)
  return () => source.close()
}

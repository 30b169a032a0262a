// Which bytes a file has, for the question whether the library holds them already.

/** The browser hashes a file only as a whole, in memory. */
const MOST_BYTES = 256 * 1024 * 1024

let worker: Worker | null = null
let lastId = 0
const waiting = new Map<number, (hash: string | null) => void>()

function start(): Worker {
  const made = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' })
  made.addEventListener('message', (event: MessageEvent<{ id: number; hash: string | null }>) => {
    waiting.get(event.data.id)?.(event.data.hash)
    waiting.delete(event.data.id)
  })
  // Without hashes everything is sent, and nothing is lost.
  made.addEventListener('error', () => {
    for (const answer of waiting.values()) answer(null)
    waiting.clear()
  })
  return made
}

/** Null when it cannot be known: too large, no longer readable, or the page came without TLS. */
export function hashOf(file: File): Promise<string | null> {
  if (file.size > MOST_BYTES || !globalThis.isSecureContext) return Promise.resolve(null)
  worker ??= start()
  lastId += 1
  const id = lastId
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    worker?.postMessage({ id, file })
  })
}

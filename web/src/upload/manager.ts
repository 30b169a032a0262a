// Keeps the queue going: whose turn it is, what is tried again and when, and what the journal has to know. It lives as long
// as the panel is open, whatever page is shown.
import { t } from '../text'
import { uploadText } from '../text/upload'
import { readFile } from '../api/library'
import { joinPath } from '../model/path'
import { type Place, Refused, createPlace, dropPlace } from './create'
import { Engine } from './engine'
import { hashOf } from './hash'
import * as journal from './journal'
import { Pace, patience } from './pace'
import { Queue, type Upload } from './queue'

export const queue = new Queue()
export const pace = new Pace()
/** Of those that are being sent. */
export const paces = new Map<string, Pace>()

let version = 0
let told = false
const watchers = new Set<() => void>()
export const readVersion = (): number => version
export function watchQueue(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

const DRAW_MS = 150

/** However often something happens, it is drawn a few times a second. */
export function changed(): void {
  if (told) return
  told = true
  setTimeout(() => {
    told = false
    version += 1
    for (const watcher of watchers) watcher()
  }, DRAW_MS)
}

let person = ''
const asking = new Map<string, AbortController>()
/** While the way to the server is broken, one is tried at a time, after a while. */
let waitUntil = 0
let brokenTries = 0
let wake: ReturnType<typeof setTimeout> | undefined

const engine = new Engine({
  progress: (upload, sent) => {
    brokenTries = 0
    upload.tries = 0
    queue.progress(upload, sent)
    changed()
  },
  done: (upload) => finish(upload),
  failed: (upload, why) => void failed(upload, why),
})

function finish(upload: Upload, held = false): void {
  upload.held = held
  upload.file = null
  paces.delete(upload.id)
  queue.set(upload, 'done')
  brokenTries = 0
  journal.forget([upload], 300)
  go()
}

/** Whether the way was broken, or the server busy: that goes by. */
const passes = ({ status }: Refused): boolean => status === 0 || status === 423 || status === 429 || (status >= 500 && status !== 507)

const MOST_TRIES = 8

async function failed(upload: Upload, why: Refused): Promise<void> {
  paces.delete(upload.id)
  if ((why.status === 404 || why.status === 410) && upload.url && upload.tries < MOST_TRIES) {
    // The place is gone: its time was over, or somebody deleted the file. The file begins anew.
    upload.url = null
    upload.round += 1
    upload.tries += 1
    queue.progress(upload, 0)
    queue.set(upload, 'waiting')
    return go()
  }
  if (why.status === 409 && upload.url) {
    // Where the bytes stand was known wrongly; the next try asks.
    why = new Refused(503, why.message)
  } else if (why.status === 409 && (await arrived(upload))) {
    return finish(upload)
  }
  if (passes(why) && (why.status === 0 || upload.tries < MOST_TRIES)) return breakOff(upload, why)
  upload.why = why.message || (why.status === 0 ? uploadText.broken : t.errors.server)
  upload.hopeless = why.status === 413
  queue.set(upload, 'failed')
  go()
}

function breakOff(upload: Upload, why: Refused): void {
  upload.tries += 1
  queue.set(upload, 'broken')
  if (why.status === 0) brokenTries += 1
  const wait = patience(why.status === 0 ? brokenTries : upload.tries)
  waitUntil = Date.now() + wait
  wakeAt(wait)
  changed()
}

/** Whether an upload whose answer was lost did come through. */
async function arrived(upload: Upload): Promise<boolean> {
  if (upload.tries === 0) return false
  const there = await readFile(upload.client, joinPath(upload.folder, upload.name)).catch(() => null)
  return there?.status === 'uploaded' && there.size === upload.size
}

function wakeAt(milliseconds: number): void {
  clearTimeout(wake)
  wake = setTimeout(() => {
    for (const upload of queue.all('broken')) queue.set(upload, 'waiting')
    go()
  }, milliseconds)
}

addEventListener('online', () => {
  waitUntil = 0
  brokenTries = 0
  wakeAt(0)
})

addEventListener('beforeunload', (event) => {
  if (queue.totals.states.sending) event.preventDefault()
})

/** Lets those go whose turn it is. */
export function go(): void {
  changed()
  if (Date.now() < waitUntil - 5) return
  for (const upload of queue.next()) void send(upload)
}

async function send(upload: Upload): Promise<void> {
  const { file } = upload
  if (!file) return queue.set(upload, 'absent')
  paces.set(upload.id, new Pace())
  const controller = new AbortController()
  asking.set(upload.id, controller)
  try {
    const place = upload.url ? { url: upload.url, done: false } : await ask(upload, file, controller.signal)
    if (upload.state !== 'sending') return
    if (place.done) finish(upload, true)
    else engine.start(upload, file, place.url)
  } catch (failure) {
    if (upload.state === 'sending') await failed(upload, failure instanceof Refused ? failure : new Refused(400, uploadText.unreadable))
  } finally {
    if (asking.get(upload.id) === controller) asking.delete(upload.id)
  }
}

async function ask(upload: Upload, file: File, signal: AbortSignal): Promise<Place> {
  const hash = await hashOf(file)
  signal.throwIfAborted()
  const place = await createPlace(upload, hash, signal)
  // Somebody may have cancelled while the answer was on its way.
  if (!queue.items.has(upload.id)) void dropPlace(place.url)
  upload.url = place.url
  if (!place.done) journal.note(person, [upload])
  return place
}

setInterval(() => {
  if (!queue.totals.states.sending) return pace.forget()
  const now = performance.now()
  pace.add(now, queue.totals.sent)
  for (const [id, one] of paces) one.add(now, queue.items.get(id)?.sent ?? 0)
  changed()
}, 500)

// What people do to the queue.

export function enqueue(uploads: readonly Upload[]): void {
  // A queue that has come to its end makes room for the next.
  if (!queue.busy && !queue.totals.states.paused) queue.remove(({ state }) => state === 'done')
  queue.add(uploads)
  journal.note(person, uploads.filter(({ state }) => state !== 'failed'))
  go()
}

export function pause(uploads: readonly Upload[]): void {
  for (const upload of uploads) {
    if (!['waiting', 'sending', 'broken'].includes(upload.state)) continue
    const { state } = upload
    queue.set(upload, 'paused')
    if (state !== 'sending') continue
    asking.get(upload.id)?.abort()
    engine.pause(upload)
    paces.delete(upload.id)
  }
  go()
}

export function resume(uploads: readonly Upload[]): void {
  for (const upload of uploads) if (upload.state === 'paused') queue.set(upload, upload.file ? 'waiting' : 'absent')
  go()
}

export function retry(uploads: readonly Upload[]): void {
  for (const upload of uploads) {
    if (upload.state !== 'failed' || !upload.file) continue
    if (!upload.url) upload.round += 1
    upload.tries = 0
    queue.set(upload, 'waiting')
  }
  journal.note(person, uploads.filter(({ file }) => file))
  go()
}

export function cancel(uploads: readonly Upload[]): void {
  const gone = new Set(uploads)
  queue.remove((upload) => gone.has(upload))
  for (const upload of uploads) {
    asking.get(upload.id)?.abort()
    paces.delete(upload.id)
    if (!engine.drop(upload) && upload.url && upload.state !== 'done') void dropPlace(upload.url)
  }
  journal.forget(uploads, 0)
  go()
}

/** Gives an upload of an earlier visit its file again. */
export function giveFile(upload: Upload, file: File, handle: FileSystemFileHandle | null): void {
  upload.file = file
  upload.handle = handle ?? upload.handle
  queue.set(upload, 'waiting')
  go()
}

/** Begins for somebody who has signed in; what somebody else left in this tab is not theirs. */
export async function begin(who: string): Promise<void> {
  if (person === who) return
  if (person) cancel([...queue.items.values()])
  person = who
  journal.stayAlive()
  const left = await journal.recall(who)
  const uploads = left.filter(({ id }) => !queue.items.has(id)).map((entry): Upload => ({
    ...entry, sent: 0, file: null, state: 'absent', held: false, why: '', hopeless: false, tries: 1,
  }))
  if (!uploads.length) return
  enqueue(uploads)
  for (const upload of uploads) void takeSilently(upload)
}

type Asked = FileSystemFileHandle & { queryPermission?: (what: { mode: 'read' }) => Promise<PermissionState>; requestPermission?: (what: { mode: 'read' }) => Promise<PermissionState> }

/** A file that the browser still lets the panel read needs no choosing. */
async function takeSilently(upload: Upload): Promise<void> {
  const handle = upload.handle as Asked | null
  if ((await handle?.queryPermission?.({ mode: 'read' }).catch(() => 'denied')) === 'granted') await takeFrom(upload, handle)
}

async function takeFrom(upload: Upload, handle: FileSystemFileHandle | null): Promise<void> {
  const file = await handle?.getFile().catch(() => null)
  if (file && isSame(upload, file) && upload.state === 'absent') giveFile(upload, file, handle)
}

export const isSame = (upload: Upload, file: File): boolean =>
  upload.shown === file.name && upload.size === file.size && upload.modified === file.lastModified

/** Asks the browser for the files of an earlier visit; says whether some are still to be chosen. */
export async function askAgain(): Promise<boolean> {
  for (const upload of queue.all('absent')) {
    const handle = upload.handle as Asked | null
    if ((await handle?.requestPermission?.({ mode: 'read' }).catch(() => 'denied')) === 'granted') await takeFrom(upload, handle)
  }
  return queue.totals.states.absent > 0
}

// What is to be sent, in which order, and how far it is. Every figure is kept as things happen, so that a queue of thousands
// costs no more for each piece that goes out than a queue of one.

export type UploadState = 'waiting' | 'sending' | 'paused' | 'broken' | 'done' | 'failed' | 'absent'

export type Upload = {
  id: string
  client: string
  folder: string
  /** As the library will call it. */
  name: string
  /** As the person calls it. */
  shown: string
  size: number
  type: string
  modified: number
  overwrite: boolean
  /** Null when the panel was opened anew and has to be given the file again. */
  file: File | null
  handle: FileSystemFileHandle | null
  state: UploadState
  sent: number
  /** Where the server gathers the bytes, once it was asked. */
  url: string | null
  /** The library had these bytes: none was sent. */
  held: boolean
  /** Why it failed, in words for the person. */
  why: string
  /** Whether trying again may help. */
  hopeless: boolean
  /** Tries since bytes last went through. */
  tries: number
  /** How often it began from nothing. A place is asked for once in each round, even when the answer is lost. */
  round: number
}

export type Totals = { bytes: number; sent: number; count: number; states: Record<UploadState, number> }

const STATES: UploadState[] = ['waiting', 'sending', 'paused', 'broken', 'done', 'failed', 'absent']
const counts = (state: UploadState): boolean => state !== 'failed' && state !== 'absent'

export const AT_ONCE = 3

export class Queue {
  readonly items = new Map<string, Upload>()
  /** In the order in which they are shown. */
  order: string[] = []
  readonly totals: Totals = { bytes: 0, sent: 0, count: 0, states: Object.fromEntries(STATES.map((state) => [state, 0])) as Totals['states'] }
  private line: string[] = []
  private head = 0

  add(uploads: readonly Upload[]): void {
    for (const upload of uploads) {
      this.items.set(upload.id, upload)
      this.order.push(upload.id)
      this.totals.count += 1
      this.totals.states[upload.state] += 1
      this.weigh(upload, 1)
      if (upload.state === 'waiting') this.line.push(upload.id)
    }
  }

  private weigh({ state, size, sent }: Upload, sign: 1 | -1): void {
    if (!counts(state)) return
    this.totals.bytes += sign * size
    this.totals.sent += sign * sent
  }

  set(upload: Upload, state: UploadState): void {
    if (upload.state === state || this.items.get(upload.id) !== upload) return
    this.weigh(upload, -1)
    this.totals.states[upload.state] -= 1
    upload.state = state
    if (state === 'done') upload.sent = upload.size
    this.totals.states[state] += 1
    this.weigh(upload, 1)
    if (state === 'waiting') this.lineUp(upload)
  }

  /** What has begun goes on before anything else begins. */
  private lineUp({ id, sent, url }: Upload): void {
    if (!sent && !url) this.line.push(id)
    else if (this.head > 0) this.line[(this.head -= 1)] = id
    else this.line.unshift(id)
  }

  progress(upload: Upload, sent: number): void {
    if (counts(upload.state)) this.totals.sent += sent - upload.sent
    upload.sent = sent
  }

  /** Those whose turn it is. */
  next(): Upload[] {
    const turns: Upload[] = []
    let free = AT_ONCE - this.totals.states.sending
    while (free > 0 && this.head < this.line.length) {
      const upload = this.items.get(this.line[this.head] ?? '')
      this.head += 1
      if (upload?.state !== 'waiting') continue
      this.set(upload, 'sending')
      turns.push(upload)
      free -= 1
    }
    if (this.head > 1000) {
      this.line = this.line.slice(this.head)
      this.head = 0
    }
    return turns
  }

  /** Takes these out, whatever becomes of them elsewhere. */
  remove(gone: (upload: Upload) => boolean): Upload[] {
    const removed: Upload[] = []
    this.order = this.order.filter((id) => {
      const upload = this.items.get(id)
      if (!upload || !gone(upload)) return true
      removed.push(upload)
      this.items.delete(id)
      this.totals.count -= 1
      this.totals.states[upload.state] -= 1
      this.weigh(upload, -1)
      return false
    })
    return removed
  }

  all(...states: UploadState[]): Upload[] {
    return [...this.items.values()].filter(({ state }) => states.includes(state))
  }

  /** Whether anything still goes on or wants to. */
  get busy(): boolean {
    const { waiting, sending, broken } = this.totals.states
    return waiting + sending + broken > 0
  }
}

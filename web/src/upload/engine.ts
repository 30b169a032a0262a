// Uppy sends the bytes. It is given only what is being sent, never the whole queue: with each piece that goes out it copies
// the list of all its files.
import Uppy from '@uppy/core'
import Tus from '@uppy/tus'
import { writeHeaders } from '../api/http'
import { Refused, sentenceIn } from './create'
import { AT_ONCE, type Upload } from './queue'

export type Told = {
  progress: (upload: Upload, sent: number) => void
  done: (upload: Upload) => void
  failed: (upload: Upload, why: Refused) => void
}

/** Nothing is kept between visits here; the journal does that, and knows more. */
const NO_STORAGE = {
  findAllUploads: () => Promise.resolve([]),
  findUploadsByFingerprint: () => Promise.resolve([]),
  removeUpload: () => Promise.resolve(),
  addUpload: () => Promise.resolve(''),
}

/** What goes wrong is told by its event, and shown. */
const QUIET = { debug: () => undefined, warn: () => undefined, error: () => undefined }

type Meta = { relativePath: string }
type Body = { xhr: XMLHttpRequest }

export class Engine {
  private readonly uppy = new Uppy<Meta, Body>({ allowMultipleUploadBatches: true, autoProceed: false, logger: QUIET })
  /** By the names that Uppy gives to files. */
  private readonly running = new Map<string, Upload>()
  private readonly names = new Map<Upload, string>()

  constructor(private readonly told: Told) {
    this.uppy.use(Tus<Meta, Body>, {
      limit: AT_ONCE,
      // When to try again is decided for the whole queue.
      retryDelays: [],
      onShouldRetry: () => false,
      headers: () => writeHeaders(),
      allowedMetaFields: [],
      storeFingerprintForResuming: false,
      urlStorage: NO_STORAGE,
    })
    this.uppy.on('upload-progress', (file, { bytesUploaded }) => {
      const upload = file && this.running.get(file.id)
      if (upload) this.told.progress(upload, bytesUploaded)
    })
    this.uppy.on('upload-success', (file) => this.ended(file?.id, (upload) => this.told.done(upload)))
    this.uppy.on('upload-error', (file, _error, response) => {
      const xhr = response?.body?.xhr
      const why = new Refused(response?.status ?? 0, sentenceIn(xhr?.responseText ?? ''))
      this.ended(file?.id, (upload) => this.told.failed(upload, why))
    })
  }

  private ended(name: string | undefined, tell: (upload: Upload) => void): void {
    const upload = name === undefined ? undefined : this.running.get(name)
    if (!upload || name === undefined) return
    this.running.delete(name)
    this.names.delete(upload)
    // Uppy still has to note itself what it has just told.
    queueMicrotask(() => {
      if (this.uppy.getFiles().some(({ id }) => id === name)) this.uppy.removeFile(name)
      tell(upload)
    })
  }

  /** Sends to the place that the upload has. */
  start(upload: Upload, file: File, url: string): void {
    const paused = this.names.get(upload)
    if (paused !== undefined) return void this.uppy.pauseResume(paused)
    const name = this.uppy.addFile({
      name: upload.name,
      type: upload.type,
      data: file,
      // Two files of one name may be on their way at once; this tells them apart.
      meta: { relativePath: upload.id },
    })
    // Without an address for new ones, a place that is gone is told, and not made anew without a name.
    this.uppy.setFileState(name, { tus: { uploadUrl: url } })
    this.running.set(name, upload)
    this.names.set(upload, name)
    // What goes wrong is told by its event.
    this.uppy.upload().catch(() => undefined)
  }

  pause(upload: Upload): void {
    const name = this.names.get(upload)
    if (name !== undefined && !this.uppy.getFile(name).isPaused) this.uppy.pauseResume(name)
  }

  /** Stops, and takes back what was sent. Says whether there was anything of it here. */
  drop(upload: Upload): boolean {
    const name = this.names.get(upload)
    if (name === undefined) return false
    this.running.delete(name)
    this.names.delete(upload)
    this.uppy.removeFile(name)
    return true
  }
}

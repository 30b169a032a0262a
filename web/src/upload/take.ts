// From what was chosen, dropped or pasted to uploads in the queue.
import { makeFolder } from '../api/library'
import { importFile } from '../api/library'
import { tell } from '../actions/toasts'
import { tellFailure } from '../actions/failures'
import type { Uploads } from '../actions/uploads'
import { nameOf, parentOf, tidyFileName } from '../model/path'
import { figures } from '../text'
import { uploadText } from '../text/upload'
import { askTaken } from './askTaken'
import { enqueue, giveFile, isSame, queue } from './manager'
import { roomFor, takenNames } from './names'
import { type Choice, findTaken, fit, settle } from './plan'
import type { Upload } from './queue'
import { type Incoming, type Walked, walkDropped, walkFiles } from './walk'

type Wished = Incoming & { name: string; size: number; overwrite?: boolean }

let lastId = 0
const newId = (): string => `${Date.now().toString(36)}${(lastId += 1).toString(36)}${Math.random().toString(36).slice(2, 8)}`

function uploadOf(client: string, { file, folder, handle }: Incoming, name: string, overwrite: boolean): Upload {
  return {
    id: newId(), client, folder, name, shown: file.name, size: file.size, type: file.type, modified: file.lastModified, overwrite, file, handle,
    state: 'waiting', sent: 0, url: null, held: false, why: '', hopeless: false, tries: 0, round: 0,
  }
}

/** Files that an earlier visit left under way go on where they were; gives the others. */
function withoutKnown(client: string, incoming: readonly Incoming[]): Incoming[] {
  const absent = new Map<string, Upload[]>()
  for (const upload of queue.all('absent')) {
    const mark = `${upload.shown}/${upload.size}/${upload.modified}`
    absent.set(mark, [...(absent.get(mark) ?? []), upload])
  }
  if (!absent.size) return [...incoming]
  return incoming.filter(({ file, folder, handle }) => {
    const these = absent.get(`${file.name}/${file.size}/${file.lastModified}`) ?? []
    const open = these.filter((upload) => upload.state === 'absent' && upload.client === client && isSame(upload, file))
    // Chosen one by one, files do not say where they lie: the one of that folder, or else any.
    const found = open.find((upload) => upload.folder === folder) ?? open[0]
    if (found) giveFile(found, file, handle)
    return !found
  })
}

async function takeBatch(client: string, walked: Walked): Promise<void> {
  const incoming = withoutKnown(client, walked.files)
  for (const folder of walked.folders) await makeFolder(client, folder)
  const wishes: Wished[] = incoming.map((one) => ({ ...one, name: tidyFileName(one.file.name), size: one.file.size }))
  if (!wishes.length) return
  const [names, room] = await Promise.all([takenNames(client, wishes), roomFor(client)])
  const taken = findTaken(wishes, names)
  const chosen = taken.length ? await askTaken(taken.map((at) => wishes[at] as Wished)) : new Map<number, Choice>()
  if (!chosen) return
  const choices = new Map(taken.map((at, place) => [at, chosen.get(place) ?? 'skip']))
  const settled = settle(wishes, names, (at) => choices.get(at) ?? 'skip')
  put(client, settled.map(({ at, name, overwrite }) => ({ ...(wishes[at] as Wished), name, overwrite })), room)
}

function put(client: string, wishes: readonly Wished[], room: Awaited<ReturnType<typeof roomFor>>): void {
  // What waits in the queue has no place reserved yet, and needs its room all the same.
  const queued = queue.all('waiting', 'paused', 'broken', 'absent').filter((upload) => upload.client === client && !upload.url)
  const taken = room.taken + queued.reduce((sum, { size }) => sum + size, 0)
  const fits = fit(wishes, { ...room, taken })
  const uploads = wishes.map((wish, at) => {
    const upload = uploadOf(client, wish, wish.name, wish.overwrite ?? false)
    const { why, left } = fits[at] ?? { why: null, left: 0 }
    if (!why) return upload
    const [size, rest] = [figures.bytes(upload.size), figures.bytes(left)]
    const said = why === 'plan' ? uploadText.noRoom(size, rest) : why === 'file' ? uploadText.tooLarge(size, rest) : uploadText.empty
    return { ...upload, state: 'failed' as const, why: said, hopeless: why !== 'plan' }
  })
  enqueue(uploads)
  const refused = uploads.filter(({ state }) => state === 'failed')
  if (refused[0]) tell(refused.length === 1 ? `${refused[0].shown}: ${refused[0].why}` : uploadText.refused(refused.length, refused[0].why), { tone: 'bad' })
}

const take = (client: string, walked: Promise<Walked> | Walked): void =>
  void Promise.resolve(walked).then((found) => takeBatch(client, found)).catch(tellFailure)

async function replace(client: string, file: File, path: string): Promise<void> {
  const wish = { file, handle: null, folder: parentOf(path), name: nameOf(path), size: file.size, overwrite: true }
  put(client, [wish], await roomFor(client))
}

async function importUrl(client: string, src: string, folder: string): Promise<void> {
  await importFile(client, src, folder)
  tell(uploadText.importing)
}

export const uploadsFor = (client: string): Uploads => ({
  add: (files, folder) => take(client, walkFiles(files, folder)),
  addDropped: (dropped, folder) => take(client, walkDropped(dropped, folder)),
  replace: (file, path) => void replace(client, file, path).catch(tellFailure),
  importUrl: (src, folder) => void importUrl(client, src, folder).catch(tellFailure),
})

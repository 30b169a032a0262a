// Deleting: first what would go, by the server's own rehearsal, then exactly that.
import { deleteFiles, deleteFolder, rehearseDeleteFiles, rehearseDeleteFolder } from '../api/library'
import type { Rehearsed } from '../api/schema'
import { withoutNested } from '../model/drop'
import { type Key, isFolderKey, pathOfKey } from '../model/path'
import { withoutFolder } from '../model/tree'
import { t } from '../text'
import { sentenceOf } from './failures'
import { foresee, isConflict, tellRefused } from './library'
import { hide, show } from './leaving'
import { libraryChanged } from './queries'
import { tell } from './toasts'

const IN_ONE_CALL = 1000

type Step = { keys: Key[]; token: string }

/** What would go, and the tokens to do just that. */
export type Reckoning = {
  steps: Step[]
  files: number
  folders: number
  bytes: number
  urls: string[]
  /** How many URLs there are; `urls` are the first of them. */
  totalUrls: number
  refused: { key: Key; why: string }[]
}

const nothing = (): Reckoning => ({ steps: [], files: 0, folders: 0, bytes: 0, urls: [], totalUrls: 0, refused: [] })

function add(to: Reckoning, keys: Key[], told: Rehearsed): void {
  const { delete: goes, urls, total } = told.would
  const refused = (told.results ?? []).filter((outcome) => !outcome.success)
  const no = new Set(refused.map((outcome) => outcome.path))
  to.steps.push({ keys: keys.filter((key) => !no.has(key)), token: told.token })
  to.files += goes.files
  to.folders += goes.folders
  to.bytes += goes.bytes
  to.urls.push(...urls)
  to.totalUrls += total
  to.refused.push(...refused.map(({ path, message }) => ({ key: path, why: message })))
}

export async function reckon(client: string, chosen: readonly Key[]): Promise<Reckoning> {
  const keys = withoutNested(chosen)
  const reckoning = nothing()
  const files = keys.filter((key) => !isFolderKey(key))
  for (let at = 0; at < files.length; at += IN_ONE_CALL) {
    const batch = files.slice(at, at + IN_ONE_CALL)
    add(reckoning, batch, await rehearseDeleteFiles(client, batch))
  }
  for (const key of keys.filter(isFolderKey)) {
    try {
      add(reckoning, [key], await rehearseDeleteFolder(client, pathOfKey(key)))
    } catch (failure) {
      reckoning.refused.push({ key, why: sentenceOf(failure) })
    }
  }
  return reckoning
}

/** Does what was reckoned. False when something has changed since: then nothing of that step was done. */
export async function remove(client: string, { steps }: Reckoning): Promise<boolean> {
  const keys = steps.flatMap((step) => step.keys)
  hide(keys)
  const folders = keys.filter(isFolderKey).map(pathOfKey)
  const takeBack = foresee(client, (tree) => folders.reduce((list, path) => withoutFolder(list, path), [...tree]))
  const refused: { key: Key; why: string }[] = []
  let done = 0
  let changed = false
  for (const step of steps) {
    try {
      const no = await removeStep(client, step)
      refused.push(...no)
      done += step.keys.length - no.length
    } catch (failure) {
      if (isConflict(failure)) changed = true
      else refused.push(...step.keys.map((key) => ({ key, why: sentenceOf(failure) })))
    }
  }
  if (!done) takeBack()
  if (done) tell(t.told.deleted(done))
  tellRefused(refused, keys.length)
  await libraryChanged(client)
  show(keys)
  return !changed
}

async function removeStep(client: string, { keys, token }: Step): Promise<{ key: Key; why: string }[]> {
  const first = keys[0]
  if (first === undefined) return []
  if (isFolderKey(first)) {
    await deleteFolder(client, pathOfKey(first), token)
    return []
  }
  const { results } = await deleteFiles(client, keys, token)
  return (results ?? []).filter((outcome) => !outcome.success).map(({ path, message }) => ({ key: path, why: message }))
}

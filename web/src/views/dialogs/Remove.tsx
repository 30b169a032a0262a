import { useEffect, useState } from 'react'
import { sentenceOf } from '../../actions/failures'
import { type Reckoning, reckon, remove } from '../../actions/remove'
import { type Key, isFolderKey, nameOf, pathOfKey } from '../../model/path'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { Icon } from '../../parts/Icon'
import { figures, t } from '../../text'

type Props = { client: string; keys: readonly Key[]; done: () => void; close: () => void; changed?: boolean }
type Known = { reckoning: Reckoning } | { failure: string } | null

/** Says exactly what goes, before it goes. */
export function Remove({ client, keys, done, close, changed }: Props) {
  const [known, know] = useState<Known>(null)
  const [typed, setTyped] = useState('')

  useEffect(() => {
    let here = true
    reckon(client, keys).then((reckoning) => here && know({ reckoning }), (failure: unknown) => here && know({ failure: sentenceOf(failure) }))
    return () => void (here = false)
  }, [client, keys])

  const reckoning = known && 'reckoning' in known ? known.reckoning : null
  const full = reckoning ? fullFolder(reckoning) : null
  const ready = reckoning !== null && reckoning.steps.some((step) => step.keys.length) && (full === null || typed.trim() === full)

  const submit = async (event: React.FormEvent) => {
    event.preventDefault()
    if (!ready || !reckoning) return
    close()
    done()
    if (await remove(client, reckoning)) return
    // Something came in between: asked again, with the new figures.
    const { askRemove } = await import('./open')
    askRemove(client, keys, done, true)
  }

  const first = keys[0] ?? ''
  const title = keys.length === 1 ? t.remove.titleOne(nameOf(pathOfKey(first))) : t.remove.title(keys.length)
  return (
    <Dialog title={title} close={close} role="alertdialog">
      <form onSubmit={(event) => void submit(event)} className="remove">
        {known === null && <div aria-busy="true"><span className="hidden">{t.remove.reckoning}</span><div className="skeleton" style={{ height: '5.5rem' }} /></div>}
        {known && 'failure' in known && <p className="hint--bad">{known.failure}</p>}
        {changed && <p className="remove-changed">{t.remove.changed}</p>}
        {reckoning && <Figures reckoning={reckoning} />}
        {full !== null && (
          <div className="field">
            <label htmlFor="type-name">{t.remove.type(full)}</label>
            <input id="type-name" value={typed} onChange={(event) => setTyped(event.target.value)} autoFocus autoComplete="off" autoCapitalize="off" spellCheck={false} />
          </div>
        )}
        <DialogFoot>
          <Button onPress={close} autoFocus={full === null}>{t.common.cancel}</Button>
          <Button look="danger" type="submit" isDisabled={!ready}>{t.remove.confirm}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

/** The name to be typed: of the folder, when one is to go with something in it. Of several, the first. */
function fullFolder({ steps, files, folders }: Reckoning): string | null {
  const keys = steps.flatMap((step) => step.keys)
  const chosen = keys.filter(isFolderKey)
  const inside = files - (keys.length - chosen.length) > 0 || folders > chosen.length
  const first = chosen[0]
  return first && inside ? nameOf(pathOfKey(first)) : null
}

function Figures({ reckoning }: { reckoning: Reckoning }) {
  const { files, folders, bytes, urls, totalUrls, refused } = reckoning
  return (
    <>
      <dl className="remove-figures">
        {files > 0 && <div><dt>{t.remove.files(files)}</dt><dd className="num">{figures.bytes(bytes)}</dd></div>}
        {folders > 0 && <div><dt>{t.remove.folders(folders)}</dt></div>}
      </dl>
      <p className="remove-urls"><Icon name="link" />{totalUrls ? t.remove.urls(totalUrls) : t.remove.noUrls}</p>
      {urls.length > 0 && (
        <details>
          <summary>{t.remove.list}</summary>
          <ul className="remove-list mono" tabIndex={0} aria-label={t.remove.list}>
            {urls.slice(0, 100).map((url) => <li key={url}>{url}</li>)}
            {totalUrls > urls.length && <li>{t.remove.more(totalUrls - urls.length)}</li>}
          </ul>
        </details>
      )}
      {refused.length > 0 && (
        <div className="hint--bad">
          <p>{t.remove.cannot}</p>
          <ul>{refused.slice(0, 5).map(({ key, why }) => <li key={key}>{pathOfKey(key)}: {why}</li>)}</ul>
        </div>
      )}
    </>
  )
}

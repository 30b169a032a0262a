import { useState } from 'react'
import { hasFolder, makeFolder, placeName } from '../../actions/library'
import { joinPath, tidyFolderName } from '../../model/path'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { t } from '../../text'

type Props = { client: string; inside: string; open: (path: string) => void; close: () => void }

export function NewFolder({ client, inside, open, close }: Props) {
  const [name, setName] = useState('')
  const tidy = tidyFolderName(name)
  const path = joinPath(inside, tidy)
  const taken = tidy !== '' && hasFolder(client, path)
  const hint = taken ? t.newFolder.taken : tidy && tidy !== name.trim() ? t.newFolder.becomes(tidy) : t.newFolder.inside(placeName(inside))

  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    if (!tidy || taken) return
    close()
    void makeFolder(client, path, open)
  }

  return (
    <Dialog title={t.newFolder.title} close={close}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor="folder-name">{t.newFolder.label}</label>
          <input id="folder-name" value={name} onChange={(event) => setName(event.target.value)} autoFocus autoComplete="off" spellCheck={false} aria-describedby="folder-name-hint" aria-invalid={taken} maxLength={255} />
          <p id="folder-name-hint" className={`hint ${taken ? 'hint--bad' : ''}`} aria-live="polite">{hint}</p>
        </div>
        <DialogFoot>
          <Button onPress={close}>{t.common.cancel}</Button>
          <Button look="main" type="submit" isDisabled={!tidy || taken}>{t.newFolder.make}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

import { useState } from 'react'
import { renameItem } from '../../actions/library'
import { type Key, isFolderKey, nameOf, pathOfKey, splitName, tidyFileName, tidyFolderName } from '../../model/path'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { t } from '../../text'

type Props = { client: string; item: Key; done: (renamed: Key) => void; close: () => void }

export function Rename({ client, item, done, close }: Props) {
  const folder = isFolderKey(item)
  const old = nameOf(pathOfKey(item))
  const [name, setName] = useState(old)
  const tidy = folder ? tidyFolderName(name) : tidyFileName(name)
  const hint = !tidy ? t.rename.empty : tidy === name.trim() ? t.rename.urlChanges : t.rename.becomes(tidy)

  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    if (!tidy) return
    close()
    if (tidy === old) return
    void renameItem(client, item, tidy).then((renamed) => renamed && done(renamed))
  }
  // The stem is what one mostly changes.
  const select = (event: React.FocusEvent<HTMLInputElement>) =>
    event.target.setSelectionRange(0, folder ? old.length : splitName(old).stem.length)

  return (
    <Dialog title={t.rename.title} close={close}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor="new-name">{t.rename.label}</label>
          <input id="new-name" value={name} onChange={(event) => setName(event.target.value)} onFocus={select} autoFocus autoComplete="off" spellCheck={false} aria-describedby="new-name-hint" aria-invalid={!tidy} maxLength={255} />
          <p id="new-name-hint" className={`hint ${tidy ? '' : 'hint--bad'}`}>{hint}</p>
        </div>
        <DialogFoot>
          <Button onPress={close}>{t.common.cancel}</Button>
          <Button look="main" type="submit" isDisabled={!tidy}>{t.rename.title}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

import { useState } from 'react'
import { placeName } from '../actions/library'
import { readUploads } from '../actions/uploads'
import { Button } from '../parts/Button'
import { Dialog, DialogFoot } from '../parts/Dialog'
import { t } from '../text'
import { uploadText } from '../text/upload'

/** Asks for the address of a file that the server fetches. */
export function ImportUrl({ folder, close }: { folder: string; close: () => void }) {
  const [src, setSrc] = useState('')
  const [tried, setTried] = useState(false)
  const fine = /^https?:\/\/[^\s/]+/i.test(src.trim()) && URL.canParse(src.trim())
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!fine) return
    close()
    readUploads()?.importUrl(src.trim(), folder)
  }
  const wrong = tried && !fine
  return (
    <Dialog title={uploadText.import.title} close={close}>
      <form onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor="import-src">{uploadText.import.label}</label>
          <input id="import-src" type="url" inputMode="url" value={src} onChange={(event) => setSrc(event.target.value)} placeholder="https://" autoFocus autoComplete="off" spellCheck={false} aria-describedby="import-hint" aria-invalid={wrong} />
          <p id="import-hint" className={`hint ${wrong ? 'hint--bad' : ''}`} aria-live="polite">{wrong ? uploadText.import.wrong : uploadText.import.hint(placeName(folder))}</p>
        </div>
        <DialogFoot>
          <Button onPress={close}>{t.common.cancel}</Button>
          <Button look="main" type="submit">{uploadText.import.go}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

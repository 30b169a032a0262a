import { useState } from 'react'
import { tellFailure } from '../../actions/failures'
import { tell } from '../../actions/toasts'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { t } from '../../text'
import { openLayer } from '../layers'

type Asked = { title: string; hint: string; go: string; run: () => Promise<void>; told: string }

/** Asks before something that cannot be taken back, does it, and says so. */
export const confirm = (asked: Asked): void => openLayer((close) => <Confirm {...asked} close={close} />)

function Confirm({ title, hint, go, run, told, close }: Asked & { close: () => void }) {
  const [busy, setBusy] = useState(false)
  const done = () => {
    if (busy) return
    setBusy(true)
    run().then(() => tell(told), tellFailure).finally(close)
  }
  return (
    <Dialog title={title} close={close} role="alertdialog">
      <p className="shown-hint">{hint}</p>
      <DialogFoot>
        <Button autoFocus onPress={close}>{t.common.cancel}</Button>
        <Button look="danger" className={busy ? 'busy' : ''} onPress={done}>{go}</Button>
      </DialogFoot>
    </Dialog>
  )
}

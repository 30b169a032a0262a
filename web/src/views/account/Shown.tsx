import { copyText } from '../../actions/clipboard'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'

type Props = { title: string; hint: string; secret: string; label: string; copy: string; copied: string; done: string; close: () => void; children?: React.ReactNode }

/** Something that is shown this once, to be copied. */
export function Shown({ title, hint, secret, label, copy, copied, done, close, children }: Props) {
  return (
    <Dialog title={title} close={close}>
      <p className="shown-hint">{hint}</p>
      <div className="shown">
        <input className="input mono" readOnly value={secret} aria-label={label} onFocus={(event) => event.target.select()} />
        <Button look="main" icon="copy" autoFocus onPress={() => void copyText(secret, copied)}>{copy}</Button>
      </div>
      {children}
      <DialogFoot><Button look="line" onPress={close}>{done}</Button></DialogFoot>
    </Dialog>
  )
}

import { copyText } from '../../actions/clipboard'
import { type ApiCall, curlOf } from '../../model/curl'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { t } from '../../text'

const MOST = 20

export function Curl({ calls, close }: { calls: readonly ApiCall[]; close: () => void }) {
  const text = calls.slice(0, MOST).map((call) => curlOf(location.origin, call)).join('\n\n')
  return (
    <Dialog title={t.curl.title} close={close} wide>
      <p>{t.curl.hint}</p>
      <pre className="code" tabIndex={0} aria-label={t.curl.title}>{text}</pre>
      <DialogFoot>
        <Button onPress={close}>{t.common.close}</Button>
        <Button look="main" icon="copy" onPress={() => void copyText(text)}>{t.curl.copy}</Button>
      </DialogFoot>
    </Dialog>
  )
}

import { Button } from '../parts/Button'
import { Dialog, DialogFoot } from '../parts/Dialog'
import { t } from '../text'
import { useRemembered } from './remembered'
import { SINGLE_KEYS } from './singleKeys'

const mac = navigator.platform.startsWith('Mac')
const CTRL = mac ? '⌘' : 'Ctrl'

const GROUPS = (): [string, [string[], string][]][] => [
  [t.keys.groups.library, [
    [['←', '↑', '↓', '→'], t.keys.move], [['Shift', '←', '→'], t.keys.extend], [['Space'], t.keys.toggle], [['Enter'], t.keys.open], [[CTRL, 'A'], t.keys.all],
    [[CTRL, 'C'], t.keys.copy], [['F2'], t.keys.rename], [['Delete'], t.keys.delete], [['Shift', 'F10'], t.keys.menu], [['Backspace'], t.keys.up], [['V'], t.keys.view], [['N'], t.keys.newFolder], [['Esc'], t.keys.clear],
  ]],
  [t.keys.groups.preview, [[['←', '→'], t.keys.preview], [['+', '−', '0', '1'], t.keys.zoom]]],
  [t.keys.groups.everywhere, [[['/'], t.keys.search], [['?'], t.keys.help]]],
]

export function KeysHelp({ close }: { close: () => void }) {
  const [on, turn] = useRemembered(SINGLE_KEYS, true)
  return (
    <Dialog title={t.keys.title} close={close} wide>
      <div className="keys-help">
        {GROUPS().map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map(([strokes, meaning]) => (
                <div key={meaning}><dt>{meaning}</dt><dd>{strokes.map((stroke) => <kbd key={stroke}>{stroke}</kbd>)}</dd></div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="switch"><input type="checkbox" checked={on} onChange={(event) => turn(event.target.checked)} />{t.keys.single}</label>
      <DialogFoot><Button look="main" onPress={close} autoFocus>{t.common.close}</Button></DialogFoot>
    </Dialog>
  )
}

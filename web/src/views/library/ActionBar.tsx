import { tell } from '../../actions/toasts'
import type { Key } from '../../model/path'
import { Button } from '../../parts/Button'
import { type Groups, WithMenu } from '../../parts/Menus'
import { t } from '../../text'
import { askMove, askRemove, showCurl } from '../dialogs/open'
import { type Doing, callsFor, canDelete, canMove, copyUrls, download } from './itemMenu'

const SLOW = 5000

/** What can be done to all that is selected. */
export function ActionBar({ doing, total }: { doing: Doing; total: number }) {
  const { choosing, client, mayWrite } = doing
  if (!choosing.count) return null
  const withKeys = (act: (keys: Key[]) => void) => () => {
    if (choosing.selection.all && total > SLOW) tell(t.told.collecting)
    void choosing.keys().then(act)
  }
  const urls: Groups = [{ entries: [
    { id: 'lines', label: t.actions.asLines, icon: 'list', run: withKeys((keys) => void copyUrls(client, keys, 'lines')) },
    { id: 'json', label: t.actions.asJson, icon: 'code', run: withKeys((keys) => void copyUrls(client, keys, 'json')) },
    { id: 'csv', label: t.actions.asCsv, icon: 'grid', run: withKeys((keys) => void copyUrls(client, keys, 'csv')) },
  ] }]
  const move = withKeys((keys) => askMove(client, keys.filter(canMove), choosing.clear))
  const remove = withKeys((keys) => askRemove(client, keys.filter(canDelete), choosing.clear))
  return (
    <div className="bar" role="toolbar" aria-label={t.actions.bar}>
      <Button icon="close" label={t.actions.clearSelection} onPress={choosing.clear} />
      <strong className="num bar-count">{t.library.selected(choosing.count)}</strong>
      {choosing.count < total && <Button className="bar-all" onPress={choosing.all}>{t.actions.selectAll}</Button>}
      <span className="bar-line" />
      {mayWrite && <Button icon="move" onPress={move} aria-label={t.actions.moveSelected}><span className="bar-words">{t.actions.moveSelected}</span></Button>}
      <Button icon="download" onPress={withKeys((keys) => download(client, keys))} aria-label={t.actions.downloadZip}><span className="bar-words">{t.actions.downloadZip}</span></Button>
      <WithMenu label={t.actions.copyUrls} groups={urls} placement="top">
        <Button icon="link" aria-label={t.actions.copyUrls}><span className="bar-words">{t.actions.copyUrls}</span></Button>
      </WithMenu>
      <Button icon="code" label={t.actions.curl} className="bar-curl" onPress={withKeys((keys) => showCurl(callsFor(keys, mayWrite)))} />
      {mayWrite && <Button icon="trash" className="bar-delete" onPress={remove} aria-label={t.actions.deleteSelected}><span className="bar-words">{t.actions.deleteSelected}</span></Button>}
    </div>
  )
}

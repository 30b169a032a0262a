import { SORTS, TYPES, type FileType, type Sort, type View } from '../../model/url'
import { Button } from '../../parts/Button'
import { Icon, type IconName } from '../../parts/Icon'
import { WithMenu } from '../../parts/Menus'
import { t } from '../../text'

type Props = {
  view: View
  sort: Sort
  type: FileType | undefined
  setView: (view: View) => void
  setSort: (sort: Sort) => void
  setType: (type: FileType | undefined) => void
  summary: string
  /** Where is searched, while something is. */
  scope?: { below: boolean; atRoot: boolean; set: (below: boolean) => void } | undefined
}

/** Filter, order and view. */
export function Tools({ view, sort, type, setView, setSort, setType, summary, scope }: Props) {
  const filter = (value: FileType | undefined, icon: IconName) => (
    <Button small key={value ?? 'all'} aria-pressed={type === value} onPress={() => setType(value)} aria-label={t.library.types[value ?? 'all']}>
      <Icon name={icon} className="tools-icon" /><span className="tools-words">{t.library.types[value ?? 'all']}</span>
    </Button>
  )
  const orders = SORTS.map((order) => ({ id: order, label: t.library.sorts[order], on: order === sort, run: () => setSort(order) }))
  return (
    <div className="tools" role="toolbar" aria-label={t.library.view}>
      <div className="segments" role="group" aria-label={t.library.filter}>
        {filter(undefined, 'grid')}
        {TYPES.map((value) => filter(value, value))}
      </div>
      {scope && (
        <div className="segments tools-scope" role="group" aria-label={t.library.scope}>
          <Button small aria-pressed={!scope.below} onPress={() => scope.set(false)}>{t.library.scopeHere}</Button>
          <Button small aria-pressed={scope.below} onPress={() => scope.set(true)}>{scope.atRoot ? t.library.scopeAll : t.library.scopeBelow}</Button>
        </div>
      )}
      <p className="tools-summary num clip">{summary}</p>
      <WithMenu label={t.library.sort} groups={[{ head: t.library.sort, entries: orders.slice(0, 4) }, { entries: orders.slice(4) }]}>
        <Button small className="tools-sort" aria-label={`${t.library.sort}: ${t.library.sorts[sort]}`}><span className="clip">{t.library.sorts[sort]}</span><Icon name="down" /></Button>
      </WithMenu>
      <div className="segments" role="group" aria-label={t.library.view}>
        <Button small icon="grid" label={t.library.grid} aria-pressed={view === 'grid'} onPress={() => setView('grid')} />
        <Button small icon="list" label={t.library.list} aria-pressed={view === 'list'} onPress={() => setView('list')} />
      </div>
    </div>
  )
}

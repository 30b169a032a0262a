import { memo } from 'react'
import type { Item } from '../../model/listing'
import { parentOf } from '../../model/path'
import { type Sort, isDescending, sortColumn } from '../../model/url'
import { Icon } from '../../parts/Icon'
import { figures, t } from '../../text'
import { useDropTarget } from '../drag'
import { Check, MenuButton, type TileProps } from './Tile'
import { Thumb, detailsOf } from './Thumb'

const COLUMNS = ['name', 'details', 'type', 'size', 'date'] as const
type Column = (typeof COLUMNS)[number]
const words = (): Record<Column, string> => ({ name: t.library.columns.name, details: t.library.columns.details, type: t.library.columns.type, size: t.library.columns.size, date: t.library.columns.modified })
export const COLUMN_COUNT = COLUMNS.length + 2

type HeadProps = { sort: Sort; sortBy: (column: 'name' | 'date' | 'size' | 'type') => void; all: boolean; some: boolean; toggleAll: () => void }

/** The heads of the columns, which sort. */
export function ListHead({ sort, sortBy, all, some, toggleAll }: HeadProps) {
  return (
    <div role="row" aria-rowindex={1} className="row row--head">
      <span role="columnheader" className="row-check">
        <span role="checkbox" tabIndex={0} aria-checked={all ? true : some ? 'mixed' : false} aria-label={t.actions.selectAll} className="head-check" onClick={toggleAll}
          onKeyDown={(event) => { if (event.key === ' ') { event.preventDefault(); event.stopPropagation(); toggleAll() } }}>
          <span className={`check ${all || some ? 'check--on' : ''}`}><Icon name={some && !all ? 'minus' : 'check'} /></span>
        </span>
      </span>
      {COLUMNS.map((column) => <ColumnHead key={column} column={column} sort={sort} sortBy={sortBy} />)}
      <span role="columnheader" className="row-menu"><span className="hidden">{t.library.columns.actions}</span></span>
    </div>
  )
}

function ColumnHead({ column, sort, sortBy }: { column: Column; sort: Sort; sortBy: HeadProps['sortBy'] }) {
  const mine = sortColumn(sort) === column
  if (column === 'details') return <span role="columnheader" className="row-details">{words().details}</span>
  return (
    <span role="columnheader" className={`row-${column}`} aria-sort={mine ? (isDescending(sort) ? 'descending' : 'ascending') : 'none'}>
      <button type="button" className="head-sort" data-on={mine} onClick={() => sortBy(column)}>
        {words()[column]}<Icon name={mine && isDescending(sort) ? 'down' : 'up'} />
      </button>
    </span>
  )
}

/** A file or a folder in the list. */
export const Row = memo(function Row(props: TileProps) {
  const { item } = props
  if (!item) return <Coming index={props.index} />
  return item.kind === 'folder' ? <FolderRow {...props} item={item} /> : <Cells {...props} item={item} />
})

const Coming = ({ index }: { index: number }) => (
  <div role="row" className="row" aria-busy="true" data-index={index} aria-rowindex={index + 2}><span role="gridcell" className="skeleton row-skeleton" aria-label={t.library.loadingRow} /></div>
)

function FolderRow(props: TileProps & { item: Extract<Item, { kind: 'folder' }> }) {
  const { hover, handlers } = useDropTarget({ client: props.client, path: props.item.path, writable: props.mayWrite })
  return <Cells {...props} target={{ 'data-hover': hover, ...handlers }} />
}

type CellsProps = TileProps & { item: Item; target?: Record<string, unknown> }

function Cells({ item, index, selected, tab, where, target }: CellsProps) {
  const name = item.kind === 'folder' ? item.folder.name : item.file.displayName
  const file = item.kind === 'file' ? item.file : null
  return (
    <div role="row" aria-rowindex={index + 2} aria-selected={selected} className="row" data-index={index} tabIndex={tab ? 0 : -1} draggable {...target}>
      <span role="gridcell" className="row-check"><Check selected={selected} name={name} /></span>
      <span role="gridcell" className="row-name">
        <span className={`row-thumb ${file ? '' : 'row-thumb--folder'}`} aria-hidden="true">{file ? <Thumb file={file} pixels={64} /> : <Icon name="folder" className="tile-folder-icon" />}</span>
        <button type="button" className="row-open clip" data-do="open" tabIndex={-1} title={name}>{name}</button>
        {where && <span className="row-where clip">{t.library.inFolder(parentOf(item.path))}</span>}
      </span>
      <span role="gridcell" className="row-details clip num">{file ? detailsOf(file) : item.kind === 'folder' ? (item.folder.allFiles ? t.common.files(item.folder.allFiles) : t.library.folderFigures(0, '')) : ''}</span>
      <span role="gridcell" className="row-type clip">{t.library.kind[(file?.type ?? 'folder') as 'folder'] ?? ''}</span>
      <span role="gridcell" className="row-size num">{figures.bytes(file ? file.size : item.kind === 'folder' ? item.folder.allSize : 0)}</span>
      <span role="gridcell" className="row-date num">{file ? figures.date(file.modified_at) : ''}</span>
      <span role="gridcell" className="row-menu"><MenuButton name={name} /></span>
    </div>
  )
}

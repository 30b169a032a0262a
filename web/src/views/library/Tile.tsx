import { Suspense, lazy, memo } from 'react'
import type { Item } from '../../model/listing'
import { parentOf } from '../../model/path'
import { Icon } from '../../parts/Icon'
import { figures, t } from '../../text'
import { useDropTarget } from '../drag'
import { Badge, Thumb, detailsOf, kindIcon } from './Thumb'

const Living = lazy(() => import('./Living').then((module) => ({ default: module.Living })))

export type TileProps = {
  item: Item | undefined
  index: number
  column: number
  width: number
  selected: boolean
  /** The one that the Tab key comes to. */
  tab: boolean
  /** The pointer is on it, or it plays. */
  lively: boolean
  client: string
  mayWrite: boolean
  /** Tell the folder too: the listing is of several. */
  where: boolean
}

/** A file or a folder in the grid. What is pressed is found by the grid, by `data-do`. */
export const Tile = memo(function Tile(props: TileProps) {
  const { item, width, index } = props
  if (!item) return <div role="gridcell" className="tile tile--coming" style={{ width }} aria-busy="true" data-index={index}><div className="skeleton tile-well" /><div className="skeleton tile-line" /></div>
  return item.kind === 'folder' ? <FolderTile {...props} item={item} /> : <FileTile {...props} item={item} />
})

type Of<Kind extends Item['kind']> = TileProps & { item: Extract<Item, { kind: Kind }> }

const cell = ({ index, column, width, selected, tab }: Of<Item['kind']>) => ({
  role: 'gridcell',
  'aria-selected': selected,
  'aria-colindex': column + 1,
  'data-index': index,
  tabIndex: tab ? 0 : -1,
  draggable: true,
  style: { width },
  'aria-labelledby': `words-${index}`,
})

function FolderTile(props: Of<'folder'>) {
  const { item, client, mayWrite, selected } = props
  const { folder } = item
  const { hover, handlers } = useDropTarget({ client, path: folder.path, writable: mayWrite })
  const words = t.library.folderFigures(folder.allFiles, figures.bytes(folder.allSize))
  return (
    <div {...cell(props)} className="tile tile--folder" data-hover={hover} {...handlers}>
      <Check selected={selected} name={folder.name} />
      <Icon name="folder" className="tile-folder-icon" />
      <span className="tile-words" data-do="open" id={`words-${props.index}`}>
        <span className="clip tile-name" title={folder.name}><span className="hidden">{t.library.kind.folder} </span><span className="clip">{folder.name}</span></span>{' '}
        <span className="clip tile-meta num">{words}{props.where && ` · ${t.library.inFolder(parentOf(folder.path))}`}</span>
      </span>
      <MenuButton name={folder.name} />
    </div>
  )
}

function FileTile(props: Of<'file'>) {
  const { item, width, selected, lively, where } = props
  const { file } = item
  return (
    <div {...cell(props)} className="tile">
      <div className="tile-well" data-do="open">
        <Thumb file={file} pixels={width * (window.devicePixelRatio || 1)} />
        {lively && <Suspense><Living file={file} /></Suspense>}
        <Badge file={file} />
      </div>
      {file.type === 'audio' && <PlayButton name={file.displayName} playing={lively} />}
      <Check selected={selected} name={file.displayName} />
      <div className="tile-foot">
        <span className="tile-words" data-do="open" id={`words-${props.index}`}>
          <span className="clip tile-name" title={file.displayName}><Icon name={kindIcon(file)} /><span className="hidden">{t.library.kind[file.type as 'image'] ?? ''} </span><span className="clip">{file.displayName}</span></span>{' '}
          <span className="clip tile-meta num">{where ? t.library.inFolder(file.folder) : [figures.bytes(file.size), detailsOf(file)].filter(Boolean).join(' · ')}</span>
        </span>
        <MenuButton name={file.displayName} />
      </div>
    </div>
  )
}

export function Check({ selected, name }: { selected: boolean; name: string }) {
  return (
    <span className="tile-check" data-do="select" role="checkbox" aria-checked={selected} aria-label={t.library.select(name)} tabIndex={-1}>
      <span className={`check ${selected ? 'check--on' : ''}`}><Icon name="check" /></span>
    </span>
  )
}

export function MenuButton({ name }: { name: string }) {
  return (
    <button type="button" className="tile-menu" data-do="menu" aria-haspopup="menu" aria-label={t.library.actionsFor(name)} tabIndex={-1}>
      <Icon name="more" />
    </button>
  )
}

function PlayButton({ name, playing }: { name: string; playing: boolean }) {
  return (
    <button type="button" className="tile-play" data-do="play" data-playing={playing} aria-label={playing ? t.library.pause(name) : t.library.play(name)} tabIndex={-1}>
      <Icon name={playing ? 'pause' : 'play'} />
    </button>
  )
}

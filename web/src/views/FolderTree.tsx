import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { treeQuery } from '../actions/queries'
import { trailOf } from '../model/path'
import { type TreeRow, buildTree, visibleRows } from '../model/tree'
import { Icon } from '../parts/Icon'
import { figures, t } from '../text'
import { useDropTarget } from './drag'
import { useRemembered } from './remembered'
import { useHere, useMay } from './session'

const ROW = 34

/** All folders; unfolded where one is, and where one unfolded. */
export function FolderTree({ went }: { went?: () => void }) {
  const { client } = useHere()
  const { data } = useQuery(treeQuery(client.id))
  const current = useParams({ strict: false })._splat ?? ''
  const [open, remember] = useRemembered<string[]>(`unfolded.${client.id}`, [])
  const tree = useMemo(() => buildTree(data ?? []), [data])
  const unfolded = useMemo(() => new Set(open), [open])
  const rows = useMemo(() => visibleRows(tree, unfolded), [tree, unfolded])
  const fold = (path: string, unfold: boolean) => remember(unfold ? [...unfolded, path] : open.filter((other) => other !== path))

  // The way to where one is gets unfolded once, when one comes there; afterwards it may be folded again.
  useEffect(() => {
    const above = trailOf(current).slice(1, -1).map((step) => step.path).filter((path) => !unfolded.has(path))
    if (above.length) remember([...open, ...above])
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [current])

  if (!data) return <div className="tree" aria-busy="true">{[70, 52, 60, 44].map((width) => <div key={width} className="skeleton tree-skeleton" style={{ width: `${width}%` }} />)}</div>
  return <Rows rows={rows} current={current} unfolded={unfolded} fold={fold} went={went ?? (() => undefined)} />
}

type RowsProps = { rows: TreeRow[]; current: string; unfolded: ReadonlySet<string>; fold: (path: string, unfold: boolean) => void; went: () => void }

function Rows({ rows, current, unfolded, fold, went }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const navigate = useNavigate()
  const [focused, setFocused] = useState<string | null>(null)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12, getItemKey: (at) => rows[at]?.folder.path ?? at })
  const tabStop = rows.some((row) => row.folder.path === focused) ? focused : rows.some((row) => row.folder.path === current) ? current : ''

  const goTo = (at: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, at))]
    if (!row) return
    setFocused(row.folder.path)
    virtual.scrollToIndex(rows.indexOf(row))
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(row.folder.path)}"]`)?.focus())
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = rows.findIndex((row) => row.folder.path === tabStop)
    const row = rows[at]
    if (!row || event.metaKey || event.ctrlKey || event.altKey) return
    const { path, children } = row.folder
    const isOpen = path === '' || unfolded.has(path)
    if (event.key === 'ArrowDown') goTo(at + 1)
    else if (event.key === 'ArrowUp') goTo(at - 1)
    else if (event.key === 'Home') goTo(0)
    else if (event.key === 'End') goTo(rows.length - 1)
    else if (event.key === 'ArrowRight' && children.length) isOpen ? goTo(at + 1) : fold(path, true)
    else if (event.key === 'ArrowLeft' && isOpen && path && children.length) fold(path, false)
    else if (event.key === 'ArrowLeft') goTo(rows.findLastIndex((other, index) => index < at && other.level < row.level))
    else if (event.key === ' ') void navigate({ to: '/media/$', params: { _splat: path }, search: keepView })
    else return
    event.preventDefault()
  }

  return (
    <div className="tree" ref={scroller}>
      <div role="tree" tabIndex={-1} aria-label={t.nav.folders} style={{ height: virtual.getTotalSize(), position: 'relative' }} onKeyDown={onKeyDown}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          return row && (
            <Node key={item.key} row={row} top={item.start} current={row.folder.path === current} open={unfolded.has(row.folder.path) || row.folder.path === ''}
              tab={row.folder.path === tabStop} fold={fold} went={went} focus={() => setFocused(row.folder.path)} />
          )
        })}
      </div>
    </div>
  )
}

/** View and order stay when one goes to another folder; search and filter do not. */
export const keepView = (search: Record<string, unknown>) => ({ view: search.view, sort: search.sort }) as never

type NodeProps = { row: TreeRow; top: number; current: boolean; open: boolean; tab: boolean; fold: RowsProps['fold']; went: () => void; focus: () => void }

function Node({ row, top, current, open, tab, fold, went, focus }: NodeProps) {
  const { client } = useHere()
  const { folder, level, at, of } = row
  const search = useSearch({ strict: false })
  const parent = folder.children.length > 0 && folder.path !== ''
  const { hover, handlers } = useDropTarget({ client: client.id, path: folder.path, writable: useMay('render'), linger: () => parent && !open && fold(folder.path, true) })
  return (
    <Link
      to="/media/$" params={{ _splat: folder.path }} search={keepView(search)}
      role="treeitem" aria-level={level} aria-posinset={at} aria-setsize={of} aria-selected={current} {...(folder.children.length ? { 'aria-expanded': open } : {})}
      className="tree-node" data-path={folder.path} data-hover={hover} tabIndex={tab ? 0 : -1} draggable={false}
      style={{ transform: `translateY(${top}px)`, paddingInlineStart: `${0.25 + Math.max(0, level - 2) * 0.875}rem` }}
      title={`${folder.name || t.library.root}: ${t.common.files(folder.allFiles)}, ${figures.bytes(folder.allSize)}`}
      onFocus={focus} onClick={went} {...handlers}
    >
      <span className={`tree-fold ${parent ? '' : 'invisible'}`} data-open={open} onClick={(event) => { event.preventDefault(); event.stopPropagation(); fold(folder.path, !open) }}>
        <Icon name="chevron" />
      </span>
      <Icon name="folder" className="tree-icon" />
      <span className="clip">{folder.name || t.library.root}</span>
      <span className="tree-count num" aria-hidden="true">{folder.allFiles ? figures.count(folder.allFiles) : ''}</span>
    </Link>
  )
}

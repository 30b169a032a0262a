import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { type Layout, indexesOf, placeOf, rowCount, rowHeight } from '../../model/layout'
import { placeName } from '../../actions/library'
import type { Item, Listing } from '../../model/listing'
import { type Key, plainPath } from '../../model/path'
import type { Sort, View } from '../../model/url'
import { ContextMenu, type Groups } from '../../parts/Menus'
import { t } from '../../text'
import { beginDrag, endDrag } from '../drag'
import { canMove, type Doing, folderMenu, itemMenu } from './itemMenu'
import { COLUMN_COUNT, ListHead, Row } from './List'
import { Tile } from './Tile'
import { useBand } from './useBand'
import { useKeys } from './useKeys'
import { useRacing } from './useRacing'
import type { Seen } from './useListing'
import { type Choosing, targetsOf } from './useSelection'

const GAP = 16
const FOLDER = 60
const ROW = 44
const COARSE_ROW = 52
const TILE_FOOT = 56
const LEAST_TILE = 184
const LEAST_TILE_NARROW = 150

type Props = {
  seen: Seen
  view: View
  sort: Sort
  sortBy: (column: 'name' | 'date' | 'size' | 'type') => void
  doing: Doing
  label: string
  where: boolean
  up: () => void
  newFolder: () => void
  toggleView: () => void
}

function useWidth(field: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [field])
  return width
}

function layoutFor(view: View, width: number, folders: number, files: number): Layout & { tile: number } {
  if (view === 'list') {
    const row = matchMedia('(pointer: coarse)').matches ? COARSE_ROW : ROW
    return { columns: 1, folders, files, folderRow: row, fileRow: row, column: Math.max(1, width), gap: 0, seam: 0, tile: width }
  }
  const least = width < 560 ? LEAST_TILE_NARROW : LEAST_TILE
  const columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)))
  const tile = Math.floor((width - GAP * (columns - 1)) / columns)
  return { columns, folders, files, folderRow: FOLDER + GAP, fileRow: Math.round(tile * 0.72) + TILE_FOOT + GAP, column: tile + GAP, gap: GAP, seam: 8, tile }
}

/** The folders and files themselves: a grid or a list of which only what is seen is drawn. */
export function Contents(props: Props) {
  const { seen, view, doing, label, where } = props
  const { listing, look } = seen
  const { choosing, client, mayWrite } = doing
  const { selection } = choosing
  const scroller = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLDivElement>(null)
  const width = useWidth(field)
  const folders = listing.folders.length
  const files = listing.count - folders
  const layout = useMemo(() => layoutFor(view, width, folders, files), [view, width, folders, files])
  const rows = rowCount(layout)

  const virtual = useVirtualizer({
    count: width ? rows : 0,
    getScrollElement: () => scroller.current,
    estimateSize: (row) => rowHeight(layout, row),
    overscan: view === 'grid' ? 2 : 5,
    useFlushSync: false,
    scrollPaddingEnd: 88,
    scrollPaddingStart: view === 'list' ? 44 : 8,
  })
  useLayoutEffect(() => virtual.measure(), [virtual, layout])
  const shown = virtual.getVirtualItems()
  const first = indexesOf(layout, shown[0]?.index ?? 0)[0]
  const last = indexesOf(layout, shown.at(-1)?.index ?? 0)[1] - 1
  const { racing, drawn } = useRace(scroller, shown, () => look(first, Math.max(first, last)), [look, first, last, listing.count])
  // Another folder or order begins at the top.
  const asked = JSON.stringify(seen.asked)
  useLayoutEffect(() => void scroller.current?.scrollTo(0, 0), [asked, client])

  useKeptFocus(scroller, selection.focus, listing.count)
  const focusOn = useFocus(scroller, (index) => virtual.scrollToIndex(placeOf(layout, index).row))
  const menu = useMenu(doing, scroller)
  const { box, begin } = useBand({ scroller, field, layout, listing, choosing })
  const onKeyDown = useKeys({
    ...props, layout, listing, doing, focusOn, menu: (item, index) => void menu.openAt(item, index),
    page: () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / layout.fileRow)),
  })
  const { isLively, handlers } = usePresses({ ...props, openMenu: menu.openAt })

  // The Tab key comes to where the keyboard was last, or to the first.
  const tab = selection.focus >= 0 && selection.focus < listing.count ? selection.focus : 0
  const Cell = view === 'grid' ? Tile : Row
  const cells = (row: number) => {
    const [start, end] = indexesOf(layout, row)
    return Array.from({ length: Math.max(0, end - start) }, (_, at) => {
      const index = start + at
      const item = listing.at(index)
      return <Cell key={index} item={item} index={index} column={at} width={layout.tile} selected={item ? choosing.has(item.key) : false} tab={index === tab} lively={item !== undefined && isLively(item.key)} client={client} mayWrite={mayWrite} where={where} />
    })
  }
  return (
    <div className={`contents contents--${view}`} ref={scroller} data-stale={seen.stale}
      onContextMenu={(event) => menu.openGround(event, plainPath(seen.asked.path))}
      onPointerDown={(event) => !(event.target as Element).closest('[data-index], [role="row"].row--head') && begin(event)}>
      <div role="grid" aria-label={label} aria-multiselectable="true" aria-rowcount={rows + (view === 'list' ? 1 : 0)} aria-colcount={view === 'grid' ? layout.columns : COLUMN_COUNT}
        aria-busy={seen.stale} onKeyDown={onKeyDown} {...handlers}
        onFocus={(event) => { const index = indexAt(event.target); if (index !== null && index !== selection.focus) choosing.set((now) => ({ ...now, focus: index })) }}>
        {view === 'list' && (
          <ListHead sort={props.sort} sortBy={props.sortBy} all={choosing.count > 0 && choosing.count === listing.count} some={choosing.count > 0} toggleAll={choosing.count ? choosing.clear : choosing.all} />
        )}
        <div ref={field} role="rowgroup" className="field-of-rows" style={{ height: virtual.getTotalSize() }}>
          {shown.map((row) => {
            const place = { transform: `translateY(${row.start}px)`, height: rowHeight(layout, row.index) }
            if (racing && !drawn.current.has(row.index)) return <Passing key={row.key} row={row.index} place={place} layout={layout} view={view} />
            if (view === 'list') return <div key={row.key} role="presentation" className="row-place" style={place}>{cells(row.index)}</div>
            return <div key={row.key} role="row" aria-rowindex={row.index + 1} className="tiles" style={place}>{cells(row.index)}</div>
          })}
          {box && <div className="band" style={{ left: box.left, top: box.top, width: box.right - box.left, height: box.bottom - box.top }} />}
        </div>
      </div>
      {menu.element}
    </div>
  )
}

/** While the listing flies past, nothing is asked for, and rows that were not drawn before are not drawn. */
function useRace(scroller: React.RefObject<HTMLElement | null>, shown: readonly { index: number }[], look: () => void, seen: readonly unknown[]) {
  const racing = useRacing(scroller)
  const drawn = useRef<Set<number>>(new Set())
  if (!racing) drawn.current = new Set(shown.map((row) => row.index))
  useEffect(() => {
    if (!racing) look()
    // What `look` looks at is in `seen`.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [...seen, racing])
  return { racing, drawn }
}

/** A row that flies past: one element, however many tiles it stands for. */
function Passing({ row, place, layout, view }: { row: number; place: React.CSSProperties; layout: Layout & { tile: number }; view: View }) {
  const style = { ...place, '--tile': `${layout.tile}px`, '--column': `${layout.column}px` } as React.CSSProperties
  return (
    <div role="row" aria-rowindex={row + 1} aria-busy="true" className={`passing passing--${view}`} style={style}>
      <span role="gridcell" className="hidden">{t.library.loadingRow}</span>
    </div>
  )
}

function indexAt(target: EventTarget | null): number | null {
  const index = (target as Element | null)?.closest<HTMLElement>('[data-index]')?.dataset.index
  return index === undefined ? null : Number(index)
}

/** When what had the focus is gone, the focus goes to what took its place, and is not lost at the top of the page. */
function useKeptFocus(scroller: React.RefObject<HTMLElement | null>, index: number, count: number): void {
  useEffect(() => {
    // A dialog that closes gives the focus back a moment later, to what may be gone.
    const timer = setTimeout(() => {
      if (document.activeElement !== document.body || index < 0 || !count) return
      scroller.current?.querySelector<HTMLElement>(`[data-index="${Math.min(index, count - 1)}"]`)?.focus({ preventScroll: true })
    }, 120)
    return () => clearTimeout(timer)
    // Only when there is more or less than before.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [count])
}

/** Brings the focus to an index, also to one that is not drawn yet. */
function useFocus(scroller: React.RefObject<HTMLElement | null>, reveal: (index: number) => void): (index: number) => void {
  return (index) => {
    reveal(index)
    let tries = 0
    const attempt = () => {
      const element = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)
      if (element) element.focus({ preventScroll: true })
      else if ((tries += 1) < 10) requestAnimationFrame(attempt)
    }
    requestAnimationFrame(attempt)
  }
}

/** What is selected, as far as it can be dragged: of "all", what was never looked at is not known while a drag begins. */
function draggable({ selection, has }: Choosing, listing: Listing): Key[] | null {
  if (!selection.all) return [...selection.keys]
  const keys: Key[] = []
  for (let index = 0; index < listing.count; index += 1) {
    const item = listing.at(index)
    if (!item) return null
    if (has(item.key)) keys.push(item.key)
  }
  return keys
}

type Open = { at: { x: number; y: number }; groups: Groups; label: string; back: HTMLElement | null }

function useMenu(doing: Doing, scroller: React.RefObject<HTMLElement | null>) {
  const [open, setOpen] = useState<Open | null>(null)
  const openAt = useCallback(async (item: Item, index: number, at?: { x: number; y: number }) => {
    const keys = await targetsOf(doing.choosing, item)
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? null
    const rect = (cell?.querySelector('[data-do="menu"]') ?? cell)?.getBoundingClientRect()
    setOpen({ at: at ?? { x: rect?.left ?? 0, y: rect?.bottom ?? 0 }, groups: itemMenu(doing, item, keys), label: t.library.actionsFor(item.kind === 'file' ? item.file.displayName : item.folder.name), back: cell })
  }, [doing, scroller])
  const close = () => {
    setOpen(null)
    open?.back?.focus({ preventScroll: true })
  }
  const openGround = (event: React.MouseEvent, path: string) => {
    if ((event.target as Element).closest('[data-index], .row--head')) return
    event.preventDefault()
    setOpen({ at: { x: event.clientX, y: event.clientY }, groups: folderMenu(doing, path), label: t.library.contents(placeName(path)), back: null })
  }
  return { openAt, openGround, element: open && <ContextMenu at={open.at} label={open.label} groups={open.groups} close={close} /> }
}

type Pressed = Pick<Props, 'seen' | 'view' | 'doing'> & { openMenu: (item: Item, index: number, at?: { x: number; y: number }) => Promise<void> }

/** What presses, drags and hovering do. One handler for all tiles: there may be hundreds. */
function usePresses({ seen: { listing }, view, doing, openMenu }: Pressed) {
  const { choosing, open, mayWrite } = doing
  const [hovered, setHovered] = useState<string | null>(null)
  const [playing, setPlaying] = useState<string | null>(null)
  const itemOf = (target: EventTarget | null) => {
    const index = indexAt(target)
    const item = index === null ? undefined : listing.at(index)
    return index !== null && item ? { index, item } : null
  }
  const press = (event: React.MouseEvent, item: Item, index: number) => {
    const wish = (event.target as Element).closest<HTMLElement>('[data-do]')?.dataset.do
    if (wish === 'menu') return void openMenu(item, index)
    if (wish === 'play') return setPlaying(playing === item.key ? null : item.key)
    if (event.shiftKey) return void choosing.extend(index, event.ctrlKey || event.metaKey)
    if (wish === 'select' || event.ctrlKey || event.metaKey) return choosing.toggle(item.key, index)
    if (view === 'grid' || wish === 'open') return open(item)
    choosing.only(item.key, index)
  }
  const handlers = {
    onClick: (event: React.MouseEvent) => {
      const hit = itemOf(event.target)
      if (hit) press(event, hit.item, hit.index)
    },
    onDoubleClick: (event: React.MouseEvent) => {
      const hit = itemOf(event.target)
      if (hit && view === 'list' && !(event.target as Element).closest('[data-do]')) open(hit.item)
    },
    onContextMenu: (event: React.MouseEvent) => {
      const hit = itemOf(event.target)
      if (!hit) return
      event.preventDefault()
      // By the keyboard it comes without a place of its own.
      void openMenu(hit.item, hit.index, event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : undefined)
    },
    onDragStart: (event: React.DragEvent) => {
      const hit = itemOf(event.target)
      const keys = hit && (choosing.has(hit.item.key) ? draggable(choosing, listing) : [hit.item.key])
      if (!keys || !mayWrite || !keys.every(canMove)) return event.preventDefault()
      const count = document.createElement('div')
      count.className = 'drag-count'
      count.textContent = t.common.items(keys.length)
      document.body.append(count)
      setTimeout(() => count.remove())
      beginDrag(event, keys, count, choosing.clear)
    },
    onDragEnd: endDrag,
    onPointerOver: (event: React.PointerEvent) => {
      const hit = event.pointerType === 'mouse' && (event.target as Element).closest('.tile-well, .tile-play') ? itemOf(event.target) : null
      setHovered(hit?.item.kind === 'file' && hit.item.file.type !== 'audio' ? hit.item.key : null)
    },
    onPointerLeave: () => setHovered(null),
  }
  return { isLively: (key: string) => key === hovered || key === playing, handlers }
}

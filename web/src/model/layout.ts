// Where things stand in the grid and in the list, by reckoning alone: the rubber band and the arrows must know of places that
// are not drawn. Folders are low cards in rows of their own, before the tiles.

export type Layout = {
  columns: number
  folders: number
  files: number
  /** Heights of a row with the gap below it. */
  folderRow: number
  fileRow: number
  /** Width of a column with the gap beside it. */
  column: number
  gap: number
  /** Between the folders and the files. */
  seam: number
}

const folderRows = (layout: Layout): number => Math.ceil(layout.folders / layout.columns)

export const rowCount = (layout: Layout): number => folderRows(layout) + Math.ceil(layout.files / layout.columns)

export const isFolderRow = (layout: Layout, row: number): boolean => row < folderRows(layout)

export function rowHeight(layout: Layout, row: number): number {
  if (!isFolderRow(layout, row)) return layout.fileRow
  return layout.folderRow + (row === folderRows(layout) - 1 && layout.files > 0 ? layout.seam : 0)
}

/** First index of a row, and the one behind its last. */
export function indexesOf(layout: Layout, row: number): [number, number] {
  const above = folderRows(layout)
  if (row < above) return [row * layout.columns, Math.min(layout.folders, (row + 1) * layout.columns)]
  const start = layout.folders + (row - above) * layout.columns
  return [start, Math.min(layout.folders + layout.files, start + layout.columns)]
}

export function placeOf(layout: Layout, index: number): { row: number; column: number } {
  if (index < layout.folders) return { row: Math.floor(index / layout.columns), column: index % layout.columns }
  const at = index - layout.folders
  return { row: folderRows(layout) + Math.floor(at / layout.columns), column: at % layout.columns }
}

export function topOf(layout: Layout, row: number): number {
  const above = folderRows(layout)
  if (row < above) return row * layout.folderRow
  const seam = above && layout.files ? layout.seam : 0
  return above * layout.folderRow + seam + (row - above) * layout.fileRow
}

export type Way = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown' | 'Home' | 'End' | 'PageUp' | 'PageDown'

const WAYS: readonly string[] = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown']
export const isWay = (key: string): key is Way => WAYS.includes(key)

/** Where a key leads; `page` are the rows that are seen at once. */
export function step(layout: Layout, index: number, way: Way, page: number): number {
  const last = layout.folders + layout.files - 1
  if (index < 0) return way === 'End' ? last : Math.min(0, last)
  const { row, column } = placeOf(layout, index)
  const inRow = (to: number) => {
    const [start, end] = indexesOf(layout, Math.max(0, Math.min(rowCount(layout) - 1, to)))
    return Math.min(end - 1, start + column)
  }
  switch (way) {
    case 'ArrowLeft': return Math.max(0, index - 1)
    case 'ArrowRight': return Math.min(last, index + 1)
    case 'ArrowUp': return row === 0 ? index : inRow(row - 1)
    case 'ArrowDown': return row === rowCount(layout) - 1 ? index : inRow(row + 1)
    case 'Home': return Math.min(0, last)
    case 'End': return last
    case 'PageUp': return inRow(row - page)
    case 'PageDown': return inRow(row + page)
  }
}

export type Box = { left: number; top: number; right: number; bottom: number }

/** Every index that a box touches. */
export function within(layout: Layout, box: Box): number[] {
  const found: number[] = []
  const last = layout.columns - 1
  const from = Math.max(0, Math.floor((box.left + layout.gap) / layout.column))
  const to = Math.min(last, Math.floor(box.right / layout.column))
  if (box.right < 0 || from > last) return found
  for (let row = rowAt(layout, box.top); row < rowCount(layout) && topOf(layout, row) < box.bottom; row += 1) {
    const height = (isFolderRow(layout, row) ? layout.folderRow : layout.fileRow) - layout.gap
    if (topOf(layout, row) + height < box.top) continue
    const [start, end] = indexesOf(layout, row)
    for (let column = from; column <= to && start + column < end; column += 1) found.push(start + column)
  }
  return found
}

function rowAt(layout: Layout, top: number): number {
  const above = folderRows(layout)
  const seamed = topOf(layout, above)
  if (top < seamed) return Math.max(0, Math.min(above, Math.floor(top / Math.max(1, layout.folderRow))))
  return above + Math.floor((top - seamed) / Math.max(1, layout.fileRow))
}

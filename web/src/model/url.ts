// What of the library page stands in its address.

export const VIEWS = ['grid', 'list'] as const
export const SORTS = ['name', '-name', '-date', 'date', '-size', 'size', 'type', '-type'] as const
export const TYPES = ['image', 'video', 'audio', 'other'] as const

export type View = (typeof VIEWS)[number]
export type Sort = (typeof SORTS)[number]
export type FileType = (typeof TYPES)[number]

export type LibrarySearch = {
  view?: View
  sort?: Sort
  type?: FileType
  q?: string
  /** Search in what lies below too. */
  below?: boolean
  /** The path of the open file. */
  file?: string
}

const oneOf = <T extends string>(words: readonly T[], said: unknown): T | undefined => words.find((word) => word === said)
const text = (said: unknown): string | undefined =>
  typeof said === 'string' && said !== '' ? said : typeof said === 'number' ? String(said) : undefined

/** Reads an address as far as it makes sense; what does not is as if it were not there. */
export function readSearch(said: Record<string, unknown>): LibrarySearch {
  const search: LibrarySearch = {}
  const [view, sort, type, q, file] = [oneOf(VIEWS, said.view), oneOf(SORTS, said.sort), oneOf(TYPES, said.type), text(said.q), text(said.file)]
  if (view) search.view = view
  if (sort) search.sort = sort
  if (type) search.type = type
  if (q) search.q = q
  if (said.below === true || said.below === 'true') search.below = true
  if (file) search.file = file
  return search
}

/** The order after a click on a column's head: first the one most useful for it, then the other. */
export function nextSort(sort: Sort, column: 'name' | 'date' | 'size' | 'type'): Sort {
  const [first, second]: [Sort, Sort] = column === 'name' || column === 'type' ? [column, `-${column}`] : [`-${column}`, column]
  return sort === first ? second : first
}

export const sortColumn = (sort: Sort): string => sort.replace('-', '')
export const isDescending = (sort: Sort): boolean => sort.startsWith('-')

/** A folder as the tail of the page's address. */
export const folderToSplat = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { readLeaving, watchLeaving } from '../../actions/leaving'
import { pageQuery, treeQuery } from '../../actions/queries'
import type { ListingQuery } from '../../api/library'
import { type Listing, PAGE, fileKey, makeListing } from '../../model/listing'
import { type Key, joinPath, nameOf, plainPath } from '../../model/path'
import { type Folder, buildTree, findFolders } from '../../model/tree'
import { type LibrarySearch, type Sort, isDescending, sortColumn } from '../../model/url'

export type Asked = ListingQuery & { sort: Sort }

export type Seen = {
  listing: Listing
  asked: Asked
  /** Of the files directly in the folder, whatever is filtered. */
  bytes: number
  /** Nothing is known yet: there is nothing to show but where it will be. */
  loading: boolean
  /** What is shown is what was asked before. */
  stale: boolean
  failure: unknown
  again: () => void
  /** Says which of the listing is looked at. */
  look: (first: number, last: number) => void
  /** Reads on until a file is found, as far as is worth it: a link may lead to one that was never looked at. */
  find: (key: Key) => Promise<void>
}

export function askedOf(path: string, search: LibrarySearch, sort: Sort): Asked {
  return { path: path || '/', sort, type: search.type, q: search.q, below: search.q && search.below ? true : undefined }
}

const bare = (path: string): Folder => ({ path, name: nameOf(path), files: 0, size: 0, allFiles: 0, allSize: 0, allFolders: 0, children: [] })

function sorted(folders: Folder[], sort: Sort): Folder[] {
  const column = sortColumn(sort)
  if (column === 'size') return folders.toSorted((a, b) => (isDescending(sort) ? b.allSize - a.allSize : a.allSize - b.allSize))
  return sort === '-name' ? folders.toReversed() : folders
}

/** The folders of a listing: from the tree, and from the listing itself until that is read. */
function useFolders(client: string, asked: Asked, listed: readonly string[] | undefined): Folder[] {
  const { data: tree } = useQuery(treeQuery(client))
  const { path: asPath, type, q, below, sort } = asked
  const names = listed?.join('/') ?? ''
  return useMemo(() => {
    const path = plainPath(asPath)
    if (type) return []
    const built = tree && buildTree(tree)
    if (q) return built ? sorted(findFolders(built, path, q, below ?? false), sort) : []
    const children = built?.byPath.get(path)?.children ?? names.split('/').filter(Boolean).map((folder) => bare(joinPath(path, folder)))
    return sorted(children, sort)
  }, [tree, asPath, type, q, below, sort, names])
}

/** The folders and files that were asked for, page by page where one looks. */
export function useListing(client: string, asked: Asked): Seen {
  const cache = useQueryClient()
  const name = JSON.stringify([client, asked])
  const [looked, setLooked] = useState<{ name: string; pages: number[] }>({ name, pages: [0] })
  const lookedAt = useRef('')
  const pages = looked.name === name ? looked.pages : [0]
  const known = useRef<{ name: string; pages: Set<number> }>({ name, pages: new Set() })
  if (known.current.name !== name) known.current = { name, pages: new Set() }
  for (const page of pages) known.current.pages.add(page)

  const [found, setFound] = useState(0)
  const results = useQueries({ queries: pages.map((page) => pageQuery(client, asked, page)) })
  const leaving = useSyncExternalStore(watchLeaving, readLeaving)

  const newest = results.filter((result) => result.data).sort((a, b) => b.dataUpdatedAt - a.dataUpdatedAt)[0]?.data
  const stamp = results.map((result) => result.dataUpdatedAt).join()
  const last = useRef<{ name: string; path: string; listing: Listing; total: number } | null>(null)

  const folders = useFolders(client, asked, newest?.folders)

  const total = newest?.total ?? (last.current?.name === name ? last.current.total : undefined)
  const fresh = useMemo(() => {
    if (total === undefined) return null
    const read = (page: number) => cache.getQueryData(pageQuery(client, asked, page).queryKey)?.files
    return makeListing(folders, total, [...known.current.pages], read, leaving)
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [folders, total, stamp, leaving, name, found])

  const before = last.current
  if (fresh && total !== undefined) last.current = { name, path: asked.path, listing: fresh, total }
  const shown = fresh ?? (before?.path === asked.path ? before.listing : null)

  const look = useCallback((first: number, to: number) => {
    const at = last.current?.listing
    if (!at) return
    const wanted = new Set<number>()
    for (let index = first; index <= to; index += 1) {
      const page = at.pageAt(index)
      if (page >= 0) wanted.add(page)
    }
    if (!wanted.size) wanted.add(0)
    const next = [...wanted].sort((a, b) => a - b)
    // Asked at every step of a scroll, and mostly the same: then nothing is to be drawn anew.
    const said = `${name} ${next.join()}`
    if (lookedAt.current === said) return
    lookedAt.current = said
    setLooked({ name, pages: next })
  }, [name])

  const find = useCallback(async (key: Key) => {
    for (let page = 0; page < FAR; page += 1) {
      const { files, total: all } = await cache.fetchQuery(pageQuery(client, asked, page))
      if (known.current.name !== name) return
      known.current.pages.add(page)
      if (files.some((file) => fileKey(file) === key)) return setFound((count) => count + 1)
      if ((page + 1) * PAGE >= all) return
    }
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [cache, client, name])

  const failed = results.find((result) => result.isError && !result.data)
  return {
    listing: shown ?? EMPTY,
    asked,
    bytes: newest?.total_size ?? 0,
    loading: !shown && !failed,
    stale: !fresh && shown !== null,
    failure: fresh ? null : (failed?.error ?? null),
    again: () => void cache.refetchQueries({ queryKey: ['client', client] }),
    look,
    find,
  }
}

// Pages that are read to find one file.
const FAR = 20

const EMPTY = makeListing([], 0, [], () => undefined, new Set())

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { resolveAll } from '../../actions/selection'
import { pageQuery } from '../../actions/queries'
import { type Item, PAGE } from '../../model/listing'
import type { Key } from '../../model/path'
import * as chosen from '../../model/selection'
import type { Seen } from './useListing'

export type Choosing = {
  selection: chosen.Selection
  count: number
  has: (key: Key) => boolean
  set: (next: chosen.Selection | ((now: chosen.Selection) => chosen.Selection)) => void
  toggle: (key: Key, index: number) => void
  only: (key: Key, index: number) => void
  extend: (index: number, adding: boolean) => Promise<void>
  all: () => void
  clear: () => void
  /** Every key that is selected; of "all" they are read from the server. */
  keys: () => Promise<Key[]>
}

/** What is selected, of what is seen. Another listing begins with nothing. */
export function useSelection(client: string, seen: Seen): Choosing {
  const cache = useQueryClient()
  const [selection, set] = useState(chosen.NOTHING)
  const name = JSON.stringify(seen.asked)
  useEffect(() => set(chosen.NOTHING), [client, name])
  const { listing, asked } = seen

  const extend = async (index: number, adding: boolean) => {
    const from = Math.min(selection.anchor < 0 ? index : selection.anchor, index)
    const to = Math.max(selection.anchor < 0 ? index : selection.anchor, index)
    // The focus is there at once; what was never looked at between must be read first.
    set((now) => ({ ...now, focus: index }))
    const missing = new Set<number>()
    for (let at = from; at <= to; at += 1) if (!listing.at(at)) missing.add(listing.pageAt(at))
    const read = await Promise.all([...missing].map((page) => cache.fetchQuery(pageQuery(client, asked, page)).then(({ files }) => [page, files] as const)))
    const pages = new Map(read)
    const keys: Key[] = []
    for (let at = from; at <= to; at += 1) {
      const key = listing.at(at)?.key ?? keyIn(pages, listing.pageAt(at), at - listing.folders.length)
      if (key) keys.push(key)
    }
    set((now) => chosen.extendTo(now, index, keys, adding))
  }

  return {
    selection,
    count: chosen.countSelected(selection, listing.count),
    has: (key) => chosen.isSelected(selection, key),
    set,
    toggle: (key, index) => set((now) => chosen.toggle(now, key, index)),
    only: (key, index) => set(chosen.selectOnly(key, index)),
    extend,
    all: () => set(chosen.selectAll),
    clear: () => set(chosen.clear),
    keys: async () => (selection.all ? resolveAll(client, asked, listing.folders, selection.keys) : [...selection.keys]),
  }
}

type Page = { name: string; folder: string }[]

function keyIn(pages: ReadonlyMap<number, Page>, page: number, place: number): Key | undefined {
  const file = pages.get(page)?.[place % PAGE]
  return file && (file.folder ? `${file.folder}/${file.name}` : file.name)
}

/** The keys that an action on one item is about: the selection when the item is in it. */
export const targetsOf = async (choosing: Choosing, item: Item): Promise<Key[]> =>
  choosing.has(item.key) ? choosing.keys() : [item.key]

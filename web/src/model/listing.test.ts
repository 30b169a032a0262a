import { expect, it } from 'vitest'
import type { File } from '../api/schema'
import { PAGE, isEmpty, makeListing } from './listing'
import { buildTree } from './tree'

const file = (name: string) => ({ name, folder: '' }) as File
const folders = buildTree([{ path: 'a', files: 0, size: 0 }, { path: 'b', files: 0, size: 0 }]).root.children
const pageOf = (page: number) => Array.from({ length: PAGE }, (_, at) => file(`f${page * PAGE + at}`))
const pages = new Map([[0, pageOf(0)], [2, pageOf(2)]])
const read = (page: number) => pages.get(page)

it('has folders first, then files, and holes where nothing was read', () => {
  const listing = makeListing(folders, 1000, [0, 2], read, new Set())
  expect(listing.count).toBe(1002)
  expect(listing.at(1)?.key).toBe('b/')
  expect(listing.at(2)?.key).toBe('f0')
  expect(listing.at(2 + PAGE)).toBeUndefined()
  expect(listing.at(2 + 2 * PAGE)?.key).toBe(`f${2 * PAGE}`)
  expect(listing.pageAt(2 + PAGE)).toBe(1)
  expect(listing.indexOf(`f${2 * PAGE + 5}`)).toBe(2 + 2 * PAGE + 5)
})

it('closes the gaps of what is leaving, across pages', () => {
  const listing = makeListing(folders, 1000, [0, 2], read, new Set(['a/', 'f0', 'f2']))
  expect(listing.count).toBe(999)
  expect(listing.at(0)?.key).toBe('b/')
  expect(listing.at(1)?.key).toBe('f1')
  expect(listing.at(2)?.key).toBe('f3')
  expect(listing.indexOf('f3')).toBe(2)
  expect(listing.indexOf('f2')).toBe(-1)
  expect(listing.at(1 + 2 * PAGE - 2)?.key).toBe(`f${2 * PAGE}`)
})

it('is empty also with a `temp` that has nothing in it', () => {
  const of = (...list: { path: string; files: number; size: number }[]) => makeListing(buildTree(list).root.children, 0, [], () => undefined, new Set())
  expect(isEmpty(of())).toBe(true)
  expect(isEmpty(of({ path: 'temp', files: 0, size: 0 }))).toBe(true)
  expect(isEmpty(of({ path: 'temp', files: 1, size: 1 }))).toBe(false)
  expect(isEmpty(of({ path: 'a', files: 0, size: 0 }))).toBe(false)
})

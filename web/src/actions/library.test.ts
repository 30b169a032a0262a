import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { t } from '../text'
import { readLeaving } from './leaving'
import { makeFolder, moveItems, renameItem } from './library'
import { pageQuery, queries, treeQuery } from './queries'
import { dismiss, readToasts } from './toasts'

const CLIENT = 'abcde12345'
const tree = [{ path: '/', files: 1, size: 10 }, { path: 'f', files: 0, size: 0 }, { path: 'dest', files: 0, size: 0 }]
const treeKey = treeQuery(CLIENT).queryKey
const page = pageQuery(CLIENT, { path: '/' }, 0)

type Sent = { method: string; path: string; body: unknown }
let sent: Sent[] = []
let answer: (sent: Sent) => { status: number; body: unknown } = () => ({ status: 200, body: {} })

beforeEach(() => {
  sent = []
  queries.setQueryData(treeKey, tree)
  queries.setQueryData(page.queryKey, { success: true, path: '/', folders: [], total_folders: 0, files: [{ name: 'a.png', folder: '' } as never], total: 1, total_files: 1, total_size: 10, page_size: 100 })
  vi.stubGlobal('fetch', async (url: string, init: { method: string; body: string | null }) => {
    const request = { method: init.method, path: url.replace(/^.*\/v2/, '/v2'), body: init.body && JSON.parse(init.body) }
    sent.push(request)
    const { status, body } = answer(request)
    return new Response(JSON.stringify(body), { status })
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
  queries.clear()
  for (const toast of readToasts()) dismiss(toast.id)
})

const moved = (path: string) => ({ path, success: true, status: 200, message: '' })

it('moves at once, files in one call and folders each, and offers to take it back', async () => {
  answer = ({ path, body }) => ({ status: 200, body: path === '/v2/media' ? { success: true, results: (body as { paths: string[] }).paths.map(moved) } : { success: true } })
  const going = moveItems(CLIENT, ['a.png', 'f/'], 'dest')
  expect([...readLeaving()]).toEqual(['a.png', 'f/'])
  expect(queries.getQueryData(treeKey)?.map((folder) => folder.path)).toContain('dest/f')
  await going
  expect(readLeaving().size).toBe(0)
  expect(sent.map((request) => request.body)).toEqual([{ paths: ['a.png'], destination: 'dest', overwrite: false }, { folder: 'f', destination: 'dest' }])

  readToasts()[0]?.action?.run()
  await vi.waitFor(() => expect(readToasts().at(-1)?.text).toBe(t.told.undone))
  expect(sent.slice(2).map((request) => request.body)).toEqual([{ paths: ['dest/a.png'], destination: '', overwrite: false }, { folder: 'dest/f', destination: '' }])
})

it('puts everything back when the server says no, with the words of the server', async () => {
  answer = () => ({ status: 409, body: { success: false, message: 'A file of this name is there.' } })
  await moveItems(CLIENT, ['a.png', 'f/'], 'dest')
  expect(readLeaving().size).toBe(0)
  expect(queries.getQueryData(treeKey)).toEqual(tree)
  expect(readToasts().at(-1)).toMatchObject({ tone: 'bad', text: t.errors.several(2, 2, 'A file of this name is there.') })
})

it('tells what did not go of several, and takes back only what did', async () => {
  answer = ({ body }) => {
    const [first = '', ...others] = (body as { paths: string[] }).paths
    return { status: 200, body: { success: false, results: [moved(first), ...others.map((path) => ({ path, success: false, status: 409, message: 'taken' }))] } }
  }
  await moveItems(CLIENT, ['x.png', 'y.png'], 'dest')
  expect(readToasts().map((toast) => toast.text)).toEqual([t.told.movedOne('x.png', 'dest'), t.errors.several(1, 2, 'taken')])
  readToasts()[0]?.action?.run()
  await vi.waitFor(() => expect(sent.length).toBe(2))
  expect(sent[1]?.body).toMatchObject({ paths: ['dest/x.png'] })
})

it('does nothing when all of it is there already', async () => {
  await moveItems(CLIENT, ['dest/x.png'], 'dest')
  expect(sent).toEqual([])
  expect(readToasts().at(-1)?.text).toBe(t.told.already)
})

it('shows a new name before the answer, and the old one again after a refusal', async () => {
  answer = () => ({ status: 409, body: { success: false, message: 'taken' } })
  const going = renameItem(CLIENT, 'a.png', 'b.png')
  expect(queries.getQueryData(page.queryKey)?.files[0]?.name).toBe('b.png')
  expect(await going).toBeNull()
  expect(queries.getQueryData(page.queryKey)?.files[0]?.name).toBe('a.png')
})

it('has a new folder in the tree at once, and not after a refusal', async () => {
  answer = () => ({ status: 403, body: { success: false, message: 'Insufficient permissions' } })
  const going = makeFolder(CLIENT, 'new', () => undefined)
  expect(queries.getQueryData(treeKey)?.some((folder) => folder.path === 'new')).toBe(true)
  expect(await going).toBe(false)
  expect(queries.getQueryData(treeKey)).toEqual(tree)
  expect(readToasts().at(-1)?.text).toBe('Insufficient permissions')
})

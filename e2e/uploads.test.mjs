// What goes into the library through the panel, also when the way breaks or the panel is closed.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { large, nested, png } from './pictures.mjs'
import { World, audit, drop } from './world.mjs'

const MB = 1024 * 1024
let world, page, files

before(async () => {
  world = await World.make()
  files = join(world.folder, 'files')
  mkdirSync(files)
  page = await world.signedIn()
})
after(() => world?.close())

const dock = () => page.getByRole('region', { name: 'Uploads' })
const ended = (count) => dock().getByRole('heading', { name: new RegExp(`^${count} files? uploaded$`) }).waitFor()
const clear = () => dock().getByRole('button', { name: 'Close the list' }).click()

async function choose(...paths) {
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Files…' }).click()
  await (await chooser).setFiles(paths)
}

const listing = async (path, query = '') => (await page.request.get(`${world.url}/dashboard/api/clients/${world.client}/v2/media/folder?path=${path}${query}`)).json()

test('a nested folder of 300 files is dropped, and its structure is kept', async () => {
  const root = join(files, 'shoot')
  const counts = nested(root, 300)
  await drop(page, page.getByRole('main'), [root])
  await dock().getByRole('heading', { name: /Uploaded \d+ of 300 files/ }).waitFor()
  assert.deepEqual(await audit(page, 'queue'), [])
  // The queue goes on while other pages are looked at.
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('heading', { name: 'API keys', level: 1 }).waitFor()
  await ended(300)
  for (const [folder, count] of counts) {
    const { total_files } = await listing(`shoot/${folder.replace(' ', '_')}`)
    assert.equal(total_files, count, folder)
  }
  assert.equal((await listing('shoot/empty')).total_files, 0)
  await clear()
  await page.getByRole('link', { name: 'Media', exact: true }).click()
  await page.getByRole('gridcell', { name: /shoot/ }).or(page.getByText('shoot', { exact: true })).first().waitFor()
})

test('names that are taken are asked about once, and what is held is not sent again', async () => {
  const [one, two, three] = ['one.png', 'two.png', 'three.png'].map((name) => join(files, name))
  for (const [at, path] of [one, two, three].entries()) writeFileSync(path, png(1000 + at, 800, 600))
  await choose(one, two)
  await ended(2)
  await choose(one, two, three)
  const dialog = page.getByRole('dialog', { name: '2 names are taken' })
  await dialog.waitFor()
  assert.deepEqual(await audit(page, 'names taken'), [])
  await dialog.getByRole('button', { name: 'Decide each' }).click()
  await dialog.getByLabel('What to do with two.png').selectOption('skip')
  assert.deepEqual(await audit(page, 'decide each'), [])
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await ended(2)
  await dock().getByText('nothing was sent').waitFor()
  const names = (await listing('/')).files.map(({ name }) => name).sort()
  assert.deepEqual(names, ['one-2.png', 'one.png', 'three.png', 'two.png'])
  await clear()
})

test('a broken way is waited for, and the upload goes on where it was', async () => {
  const path = join(files, 'film.bin')
  large(path, 100 * MB)
  world.expected = [/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|ERR_NETWORK|ERR_INCOMPLETE_CHUNKED/]
  const before = world.way.up
  const half = world.way.stopAfter(50 * MB)
  await choose(path)
  await half
  world.way.cut()
  await dock().getByRole('heading', { name: 'No connection. The upload goes on by itself.' }).waitFor()
  assert.deepEqual(await audit(page, 'broken'), [])
  world.way.mend()
  await ended(1)
  assert.ok(world.way.up - before < 130 * MB, `${world.way.up - before} bytes were sent`)
  const [film] = (await listing('/', '&q=film')).files
  assert.deepEqual([film.size, film.status], [100 * MB, 'uploaded'])
  await clear()
})

test('a closed panel says what was under way, and goes on with the same file', async () => {
  const path = join(files, 'second.bin')
  large(path, 101 * MB)
  const before = world.way.up
  const most = world.way.stopAfter(70 * MB)
  await choose(path)
  await most
  const context = page.context()
  await page.close()
  world.way.cut()
  world.way.mend()
  page = await context.newPage()
  await page.goto(`${world.url}/dashboard/media/`)
  await dock().getByText('1 upload was under way when the panel was closed.').waitFor()
  assert.deepEqual(await audit(page, 'after a visit'), [])
  const chooser = page.waitForEvent('filechooser')
  await dock().getByRole('button', { name: 'Choose the files…' }).click()
  await (await chooser).setFiles(path)
  await ended(1)
  assert.ok(world.way.up - before < 145 * MB, `${world.way.up - before} bytes were sent`)
  const [second] = (await listing('/', '&q=second')).files
  assert.deepEqual([second.size, second.status], [101 * MB, 'uploaded'])
  await clear()
})

test('an upload is paused, resumed and cancelled', async () => {
  const path = join(files, 'third.bin')
  large(path, 60 * MB)
  const some = world.way.stopAfter(20 * MB)
  await choose(path)
  await some
  await dock().getByRole('button', { name: 'Pause: third.bin' }).click()
  await dock().getByRole('heading', { name: 'Paused, 1 file left' }).waitFor()
  world.way.cut()
  world.way.mend()
  await dock().getByRole('button', { name: 'Resume: third.bin' }).click()
  await ended(1)
  await clear()
  writeFileSync(path, Buffer.alloc(60 * MB, 7))
  const again = world.way.stopAfter(20 * MB)
  await choose(path)
  await page.getByRole('dialog', { name: '1 name is taken' }).getByRole('button', { name: 'Keep both' }).click()
  await again
  await dock().getByRole('button', { name: 'Cancel: third.bin' }).click()
  await dock().waitFor({ state: 'detached' })
  world.way.cut()
  world.way.mend()
})

test('five thousand files wait without holding the page up', async () => {
  await page.goto(`${world.url}/dashboard/media/`)
  await page.getByRole('button', { name: 'Upload', exact: true }).waitFor()
  const stop = world.way.stopAfter(400_000)
  await page.evaluate(() => {
    const data = new DataTransfer()
    for (let at = 0; at < 5000; at += 1) data.items.add(new File([`many ${at}`], `many-${at}.txt`, { type: 'text/plain' }))
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  })
  await dock().getByRole('heading', { name: /of 5,000 files/ }).waitFor()
  await stop
  const rows = await dock().getByRole('list').getByRole('listitem').count()
  assert.ok(rows > 3 && rows < 30, `${rows} rows`)
  await dock().getByRole('button', { name: 'Pause all' }).click()
  await dock().getByRole('heading', { name: /^Paused/ }).waitFor()
  await dock().getByRole('button', { name: 'Cancel all' }).click()
  await dock().getByRole('heading', { name: /uploaded$/ }).or(dock()).first().waitFor({ state: 'attached' }).catch(() => undefined)
  world.way.cut()
  world.way.mend()
})

test('nothing was complained of', () => assert.deepEqual(world.complaints, []))

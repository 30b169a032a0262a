// A plan that has an end: what does not fit is refused before it is sent, with the figure.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { large } from './pictures.mjs'
import { World, audit } from './world.mjs'

const MB = 1024 * 1024
let world, page

before(async () => {
  world = await World.make(`[plans.default]\nstorage = ${20 * MB}\nfile = ${15 * MB}\n`)
  mkdirSync(join(world.folder, 'files'))
  page = await world.signedIn()
})
after(() => world?.close())

test('what fits is sent, and the rest is refused with what is left', async () => {
  const paths = [['fits.bin', 12], ['most.bin', 10], ['huge.bin', 16]].map(([name, size]) => {
    const path = join(world.folder, 'files', name)
    large(path, size * MB)
    return path
  })
  const before = world.way.up
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Files…' }).click()
  await (await chooser).setFiles(paths)
  const dock = page.getByRole('region', { name: 'Uploads' })
  await dock.getByText('Does not fit: 10.5 MB, and 8.39 MB of storage is left.').waitFor()
  await dock.getByText('Too large: 16.8 MB, and one file may have 15.7 MB.').waitFor()
  await dock.getByRole('heading', { name: '2 files could not be uploaded' }).waitFor()
  assert.ok(world.way.up - before < 14 * MB, `${world.way.up - before} bytes were sent`)
  assert.deepEqual(await audit(page, 'full plan'), [])
  assert.deepEqual(world.complaints, [])
})

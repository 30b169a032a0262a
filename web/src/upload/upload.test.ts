import { describe, expect, it } from 'vitest'
import { Pace, patience, timeLeft } from './pace'
import { findTaken, fit, keepBoth, settle } from './plan'
import { Queue, type Upload } from './queue'
import { type Walked, tidyPath, walkEntry, walkFiles } from './walk'

const upload = (id: string, size = 100): Upload => ({
  id, client: 'c', folder: '', name: id, shown: id, size, type: '', modified: 0, overwrite: false, file: null, handle: null, state: 'waiting', sent: 0, url: null, held: false, why: '', hopeless: false, tries: 0, round: 0,
})

describe('the queue', () => {
  it('lets three go at a time, in order', () => {
    const queue = new Queue()
    queue.add(['a', 'b', 'c', 'd', 'e'].map((id) => upload(id)))
    const ids = () => queue.next().map(({ id }) => id)
    expect(ids()).toEqual(['a', 'b', 'c'])
    expect(ids()).toEqual([])
    queue.set(queue.items.get('b') as Upload, 'done')
    expect(ids()).toEqual(['d'])
  })

  it('knows its figures at every moment', () => {
    const queue = new Queue()
    const [a, b] = [upload('a', 10), upload('b', 20)]
    queue.add([a, b])
    queue.next()
    queue.progress(a, 4)
    queue.progress(b, 5)
    expect(queue.totals).toMatchObject({ bytes: 30, sent: 9, count: 2 })
    queue.set(b, 'failed')
    expect(queue.totals).toMatchObject({ bytes: 10, sent: 4 })
    queue.set(b, 'waiting')
    expect(queue.totals).toMatchObject({ bytes: 30, sent: 9 })
    queue.set(a, 'done')
    expect(queue.totals).toMatchObject({ bytes: 30, sent: 15 })
    expect(queue.remove(({ state }) => state === 'done')).toEqual([a])
    expect(queue.totals).toMatchObject({ bytes: 20, sent: 5, count: 1 })
  })

  it('passes over what was paused or taken out', () => {
    const queue = new Queue()
    const [a, b, c] = [upload('a'), upload('b'), upload('c')]
    queue.add([a, b, c])
    queue.set(a, 'paused')
    queue.remove(({ id }) => id === 'b')
    expect(queue.next()).toEqual([c])
    queue.set(a, 'waiting')
    expect(queue.next()).toEqual([a])
  })

  it('comes to the end of five thousand', () => {
    const queue = new Queue()
    queue.add(Array.from({ length: 5000 }, (_, at) => upload(`u${at}`, 1)))
    for (let turn = queue.next(); turn.length; turn = queue.next()) for (const one of turn) queue.set(one, 'done')
    expect(queue.totals).toMatchObject({ bytes: 5000, sent: 5000, states: { done: 5000, waiting: 0 } })
    expect(queue.busy).toBe(false)
  })
})

describe('speed and time left', () => {
  it('is said of the last seconds', () => {
    const pace = new Pace()
    pace.add(0, 0)
    expect(pace.speed).toBeNull()
    pace.add(1000, 500)
    expect(pace.speed).toBe(500)
    expect(pace.secondsFor(1000)).toBe(2)
    for (let second = 2; second <= 20; second += 1) pace.add(second * 1000, 500 + (second - 1) * 100)
    expect(pace.speed).toBe(100)
  })

  it('begins anew when bytes are taken back, and says nothing of a standstill', () => {
    const pace = new Pace()
    pace.add(0, 1000)
    pace.add(2000, 500)
    expect(pace.speed).toBeNull()
    pace.add(4000, 500)
    expect(pace.secondsFor(1)).toBeNull()
  })

  it('is in the unit people use', () => {
    expect([0, 7.2, 33, 58, 600, 4000].map(timeLeft)).toEqual([
      { unit: 'second', count: 1 }, { unit: 'second', count: 8 }, { unit: 'second', count: 35 }, { unit: 'minute', count: 1 }, { unit: 'minute', count: 10 }, { unit: 'hour', count: 2 },
    ])
    expect([0, 1, 3, 50].map(patience)).toEqual([500, 1000, 4000, 20_000])
  })
})

describe('names that are taken', () => {
  const wish = (folder: string, name: string, size = 1) => ({ folder, name, size })
  const names = new Map([['a', new Set(['x.png', 'x-2.png'])]])

  it('keeps both under the next free name', () => {
    expect(keepBoth('x.png', new Set(['x.png', 'x-2.png']))).toBe('x-3.png')
    expect(keepBoth('README', new Set())).toBe('README-2')
    expect(keepBoth(`${'n'.repeat(251)}.png`, new Set())).toHaveLength(255)
  })

  it('finds them in the folder and in the batch', () => {
    expect(findTaken([wish('a', 'x.png'), wish('b', 'x.png'), wish('b', 'x.png')], names)).toEqual([0, 2])
  })

  it('does with each as was decided', () => {
    const wishes = [wish('a', 'x.png'), wish('a', 'x-2.png'), wish('a', 'x-3.png'), wish('a', 'y.png')]
    expect(settle(wishes, names, (at) => (at === 0 ? 'both' : 'replace'))).toEqual([
      { at: 0, name: 'x-4.png', overwrite: false }, { at: 1, name: 'x-2.png', overwrite: true }, { at: 2, name: 'x-3.png', overwrite: false }, { at: 3, name: 'y.png', overwrite: false },
    ])
    expect(settle(wishes, names, () => 'skip').map(({ at }) => at)).toEqual([2, 3])
  })

  it('refuses what does not fit, and takes what still does', () => {
    const room = { limit: 100, taken: 40, perFile: 50 }
    const told = fit([wish('', 'a', 51), wish('', 'b', 50), wish('', 'c', 20), wish('', 'd', 10), wish('temp', 'e', 30), wish('', 'f', 0)], room)
    expect(told.map(({ why }) => why)).toEqual(['file', null, 'plan', null, null, 'empty'])
    expect(told[2]?.left).toBe(10)
    expect(fit([wish('', 'a', 1e15)], { limit: null, taken: 0, perFile: null })[0]?.why).toBeNull()
  })
})

describe('walking', () => {
  const file = (name: string) => ({ name, isFile: true, isDirectory: false, file: (done: (file: File) => void) => done({ name } as File) }) as unknown as FileSystemEntry
  const folder = (name: string, inside: FileSystemEntry[]) => ({
    name, isFile: false, isDirectory: true,
    createReader: () => {
      let at = 0
      // As a browser does: some at a time, until there are none.
      return { readEntries: (done: (some: FileSystemEntry[]) => void) => done(inside.slice(at, (at += 2))) }
    },
  }) as unknown as FileSystemEntry

  it('keeps the structure, and reads folders to their end', async () => {
    const walked: Walked = { files: [], folders: [] }
    await walkEntry(folder('My shoot', [file('a.png'), file('b.png'), file('.DS_Store'), folder('raw', [file('c.png')]), folder('empty', [])]), 'in', walked)
    expect(walked.files.map(({ file, folder }) => `${folder}/${file.name}`)).toEqual(['in/My_shoot/a.png', 'in/My_shoot/b.png', 'in/My_shoot/raw/c.png'])
    expect(walked.folders).toEqual(['in/My_shoot', 'in/My_shoot/raw', 'in/My_shoot/empty'])
  })

  it('knows where in a chosen folder a file is', () => {
    const chosen = [{ name: 'a.png', webkitRelativePath: 'my shoot/raw/a.png' }, { name: 'b.png', webkitRelativePath: '' }] as File[]
    expect(walkFiles(chosen, 'in').files.map(({ folder }) => folder)).toEqual(['in/my_shoot/raw', 'in'])
    expect(tidyPath('/ä b//c/')).toBe('__b/c')
  })
})

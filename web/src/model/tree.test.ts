import { expect, it } from 'vitest'
import { buildTree, findFolders, visibleRows, withFiles, withFolder, withMoved, withoutFolder } from './tree'

const list = [
  { path: '/', files: 1, size: 10 },
  { path: 'a', files: 2, size: 20 },
  { path: 'a/b10', files: 3, size: 30 },
  { path: 'a/b9', files: 0, size: 0 },
  { path: 'ab', files: 4, size: 40 },
]

it('sums from below and sorts naturally', () => {
  const { root, byPath } = buildTree(list)
  expect([root.allFiles, root.allSize, root.allFolders]).toEqual([10, 100, 4])
  expect(byPath.get('a')?.children.map((child) => child.name)).toEqual(['b9', 'b10'])
  expect(byPath.get('a')?.allSize).toBe(50)
})

it('shows what is unfolded, with level and place', () => {
  const rows = visibleRows(buildTree(list), new Set(['a']))
  expect(rows.map((row) => [row.folder.path, row.level, row.at, row.of])).toEqual([
    ['', 1, 1, 1], ['a', 2, 1, 2], ['a/b9', 3, 1, 2], ['a/b10', 3, 2, 2], ['ab', 2, 2, 2],
  ])
})

it('moves a folder with all below it, and nothing that begins alike', () => {
  expect(withMoved(list, 'a', 'ab/a').map((folder) => folder.path)).toEqual(['/', 'ab/a', 'ab/a/b10', 'ab/a/b9', 'ab'])
})

it('takes away, adds and counts', () => {
  expect(withoutFolder(list, 'a').map((folder) => folder.path)).toEqual(['/', 'ab'])
  expect(withFolder(list, 'new').at(-1)).toEqual({ path: 'new', files: 0, size: 0 })
  expect(withFiles(list, '', -1, -10)[0]).toEqual({ path: '/', files: 0, size: 0 })
})

it('finds folders by name, here or everywhere below', () => {
  const tree = buildTree(list)
  expect(findFolders(tree, '', 'B', false).map((folder) => folder.path)).toEqual(['ab'])
  expect(findFolders(tree, '', 'B', true).map((folder) => folder.path)).toEqual(['a/b9', 'a/b10', 'ab'])
})

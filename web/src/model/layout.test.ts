import { expect, it } from 'vitest'
import { type Layout, indexesOf, placeOf, rowCount, rowHeight, step, topOf, within } from './layout'

// Folders 0 to 4 in rows of 3, then files 5 to 11.
const layout: Layout = { columns: 3, folders: 5, files: 7, folderRow: 60, fileRow: 200, column: 100, gap: 10, seam: 20 }

it('begins a new row for the first file', () => {
  expect(rowCount(layout)).toBe(5)
  expect([0, 1, 2, 3, 4].map((row) => indexesOf(layout, row))).toEqual([[0, 3], [3, 5], [5, 8], [8, 11], [11, 12]])
  expect(placeOf(layout, 5)).toEqual({ row: 2, column: 0 })
  expect(placeOf(layout, 11)).toEqual({ row: 4, column: 0 })
})

it('has tops that are the sum of the heights above', () => {
  let top = 0
  for (let row = 0; row < rowCount(layout); row += 1) {
    expect(topOf(layout, row)).toBe(top)
    top += rowHeight(layout, row)
  }
})

it('goes with the arrows to what is seen beside, and stays at the edges', () => {
  expect(step(layout, 4, 'ArrowDown', 2)).toBe(6)
  expect(step(layout, 7, 'ArrowUp', 2)).toBe(4)
  expect(step(layout, 10, 'ArrowDown', 2)).toBe(11)
  expect(step(layout, 11, 'ArrowDown', 2)).toBe(11)
  expect(step(layout, 1, 'ArrowUp', 2)).toBe(1)
  expect(step(layout, 11, 'ArrowRight', 2)).toBe(11)
  expect(step(layout, 0, 'End', 2)).toBe(11)
  expect(step(layout, -1, 'ArrowDown', 2)).toBe(0)
  expect(step({ ...layout, folders: 0, files: 0 }, -1, 'ArrowDown', 2)).toBe(-1)
})

it('finds what a box touches, and nothing in the gaps', () => {
  expect(within(layout, { left: 0, top: 0, right: 150, bottom: 10 })).toEqual([0, 1])
  expect(within(layout, { left: 91, top: 0, right: 99, bottom: 10 })).toEqual([])
  expect(within(layout, { left: 0, top: 130, right: 10, bottom: 150 })).toEqual([5])
  expect(within(layout, { left: 0, top: 0, right: 500, bottom: 5000 })).toHaveLength(12)
})

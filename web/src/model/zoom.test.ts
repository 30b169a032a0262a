import { expect, it } from 'vitest'
import { MOST, fitted, held, zoomed } from './zoom'

const stage = { width: 400, height: 300 }
const picture = { width: 1600, height: 600 }

it('fits what is larger, and does not enlarge what is smaller', () => {
  expect(fitted(stage, picture).scale).toBe(0.25)
  expect(fitted(stage, { width: 100, height: 50 }).scale).toBe(1)
})

it('keeps the point under the pointer where it is', () => {
  const from = fitted(stage, picture)
  const to = zoomed(from, 1, { x: 100, y: 0 }, stage, picture)
  // The spot of the picture that was 100 from the middle at a quarter is 400 from it at full size.
  expect(to).toEqual({ scale: 1, x: -300, y: 0 })
})

it('never shows ground beside a picture that covers the stage, and centres one that does not', () => {
  expect(held({ scale: 1, x: 9999, y: -9999 }, stage, picture)).toEqual({ scale: 1, x: 600, y: -150 })
  expect(held({ scale: 0.25, x: 50, y: 50 }, stage, picture)).toEqual({ scale: 0.25, x: 0, y: 0 })
})

it('stays between fit and the most', () => {
  expect(zoomed(fitted(stage, picture), 0.01, { x: 0, y: 0 }, stage, picture).scale).toBe(0.25)
  expect(zoomed(fitted(stage, picture), 1000, { x: 0, y: 0 }, stage, picture).scale).toBe(MOST)
})

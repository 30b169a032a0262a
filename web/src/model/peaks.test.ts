import { expect, it } from 'vitest'
import { barsOf } from './peaks'

it('takes the greatest swing of each stretch, over both channels', () => {
  const stereo = { channels: 2, bits: 8, length: 4, data: [-1, 1, -2, 2, -64, 3, -1, 1, 0, 0, 0, 32, -128, 127, 0, 0] }
  expect(barsOf(stereo, 2)).toEqual([0.5, 1])
})

it('has no more bars than there are samples, and none without', () => {
  expect(barsOf({ channels: 1, bits: 16, length: 2, data: [-16384, 0, 0, 32767] }, 100)).toHaveLength(2)
  expect(barsOf({ channels: 1, bits: 8, length: 0, data: [] }, 100)).toEqual([])
})

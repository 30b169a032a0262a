import { expect, it } from 'vitest'
import { duration, makeFigures } from './format'

const figures = makeFigures('en')

it('writes bytes with three figures', () => {
  expect([0, 999, 1000, 1_128_375, 13_438_727, 999_700, 5_368_709_120].map(figures.bytes)).toEqual([
    '0 B', '999 B', '1 kB', '1.13 MB', '13.4 MB', '1 MB', '5.37 GB',
  ])
})

it('speaks the language of the person', () => {
  expect(makeFigures('de').bytes(1_128_375)).toBe('1,13 MB')
})

it('writes durations with hours only where there are any', () => {
  expect([0, 5055, 65_000, 3_723_000].map(duration)).toEqual(['0:00', '0:05', '1:05', '1:02:03'])
})

it('writes bit rates', () => {
  expect([256_000, 1_785_756].map(figures.rate)).toEqual(['256 kbit/s', '1.79 Mbit/s'])
})

import { expect, it } from 'vitest'
import { NOTHING, band, countSelected, extendTo, isSelected, rename, selectAll, selectOnly, toggle } from './selection'

it('toggles, and keeps count', () => {
  const one = toggle(NOTHING, 'a', 0)
  expect(countSelected(one, 10)).toBe(1)
  expect(countSelected(toggle(one, 'a', 0), 10)).toBe(0)
})

it('has all with exceptions, without a list', () => {
  const but = toggle(selectAll(NOTHING), 'c', 2)
  expect(isSelected(but, 'c')).toBe(false)
  expect(isSelected(but, 'never loaded')).toBe(true)
  expect(countSelected(but, 100_000)).toBe(99_999)
})

it('extends from the anchor, which stays', () => {
  const at2 = selectOnly('c', 2)
  const to4 = extendTo(at2, 4, ['c', 'd', 'e'], false)
  expect([...to4.keys]).toEqual(['c', 'd', 'e'])
  const to0 = extendTo(to4, 0, ['a', 'b', 'c'], false)
  expect([...to0.keys]).toEqual(['a', 'b', 'c'])
  expect(to0.anchor).toBe(2)
})

it('adds a range beside what is there with Ctrl', () => {
  const there = toggle(selectOnly('a', 0), 'd', 3)
  expect([...extendTo(there, 4, ['d', 'e'], true).keys]).toEqual(['a', 'd', 'e'])
})

it('takes back with the rubber band what it covered and no longer does', () => {
  expect([...band(new Set(['a']), ['b'], true)]).toEqual(['a', 'b'])
  expect([...band(new Set(['a']), [], true)]).toEqual(['a'])
  expect([...band(new Set(['a']), ['a', 'b'], true)]).toEqual(['b'])
  expect([...band(new Set(['a']), ['b'], false)]).toEqual(['b'])
})

it('follows a new name', () => {
  expect([...rename(selectOnly('a', 0), 'a', 'b').keys]).toEqual(['b'])
  expect(rename(selectOnly('a', 0), 'a', null).keys.size).toBe(0)
})

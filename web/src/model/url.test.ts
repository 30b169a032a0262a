import { expect, it } from 'vitest'
import { nextSort, readSearch } from './url'

it('reads what makes sense and passes over the rest', () => {
  expect(readSearch({ view: 'list', sort: '-size', type: 'image', q: 'lo', file: 'a/b.png', below: true })).toEqual({
    view: 'list', sort: '-size', type: 'image', q: 'lo', file: 'a/b.png', below: true,
  })
  expect(readSearch({ view: 'piles', sort: 'colour', type: '', q: '', below: 'no', more: 1 })).toEqual({})
})

it('takes a number for the text it is', () => {
  expect(readSearch({ q: 2026 })).toEqual({ q: '2026' })
})

it('sorts names upwards first, and dates and sizes downwards', () => {
  expect(nextSort('-date', 'name')).toBe('name')
  expect(nextSort('name', 'name')).toBe('-name')
  expect(nextSort('name', 'size')).toBe('-size')
  expect(nextSort('-size', 'size')).toBe('size')
})

import { expect, it } from 'vitest'
import { mayDrop, withoutNested } from './drop'

it('says why a target does not take it', () => {
  expect(mayDrop(['a/x.png'], 'b')).toBe('yes')
  expect(mayDrop(['a/x.png'], 'a')).toBe('already')
  expect(mayDrop(['a/'], 'a/b')).toBe('into-itself')
  expect(mayDrop(['a/'], 'a')).toBe('into-itself')
  expect(mayDrop(['a/'], 'ab')).toBe('yes')
  expect(mayDrop(['temp/'], 'a')).toBe('fixed')
  expect(mayDrop(['a/'], 'temp')).toBe('temporary')
  expect(mayDrop(['x.png'], 'temp')).toBe('yes')
})

it('counts nothing twice', () => {
  expect(withoutNested(['a/', 'a/b/', 'a/x.png', 'ab/x.png'])).toEqual(['a/', 'ab/x.png'])
})

import { describe, expect, it } from 'vitest'
import { isFixedFolder, isWithin, joinPath, nameOf, naturally, parentOf, splitName, tidyFileName, trailOf } from './path'

describe('paths', () => {
  it('joins and takes apart, the root included', () => {
    expect(joinPath('', 'a.png')).toBe('a.png')
    expect(joinPath('a/b', 'c')).toBe('a/b/c')
    expect(parentOf('a/b/c')).toBe('a/b')
    expect(parentOf('a')).toBe('')
    expect(nameOf('a/b/c.png')).toBe('c.png')
  })

  it('knows what lies within, and is not misled by names that begin alike', () => {
    expect(isWithin('a/b', 'a')).toBe(true)
    expect(isWithin('ab', 'a')).toBe(false)
    expect(isWithin('a', 'a')).toBe(true)
    expect(isWithin('anything', '')).toBe(true)
  })

  it('has the root first in a trail', () => {
    expect(trailOf('a/b')).toEqual([
      { path: '', name: '' },
      { path: 'a', name: 'a' },
      { path: 'a/b', name: 'b' },
    ])
  })

  it('splits names at the last dot, and not at a leading one', () => {
    expect(splitName('a.tar.gz')).toEqual({ stem: 'a.tar', extension: '.gz' })
    expect(splitName('.hidden')).toEqual({ stem: '.hidden', extension: '' })
    expect(splitName('plain')).toEqual({ stem: 'plain', extension: '' })
  })

  it('writes one underscore for each character, also for those of two units', () => {
    expect(tidyFileName('mi vídeo 🎬.mp4')).toBe('mi_v_deo__.mp4')
  })

  it('sorts numbers as numbers', () => {
    expect(['b10', 'b9', 'B1'].sort(naturally)).toEqual(['B1', 'b9', 'b10'])
  })

  it('knows the folders that stay where they are', () => {
    expect(['', 'temp', 'generated', 'generated/image'].every(isFixedFolder)).toBe(true)
    expect(isFixedFolder('generated/mine')).toBe(false)
  })
})

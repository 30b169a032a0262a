import { expect, it } from 'vitest'
import type { Storage } from '../api/schema'
import { fullnessOf } from './storage'

const of = (used: number, reserved: number, limit: number | null, blocked = false) =>
  fullnessOf({ used_bytes: used, reserved_bytes: reserved, limit_bytes: limit, blocked } as Storage)

it('warns at 80, 95 and 100 percent, with what is reserved counted', () => {
  expect(of(79, 0, 100).level).toBe('calm')
  expect(of(70, 10, 100).level).toBe('warn')
  expect(of(95, 0, 100).level).toBe('urgent')
  expect(of(90, 10, 100).level).toBe('full')
})

it('says blocked when there is room and nothing may come', () => {
  expect(of(10, 0, 100, true).level).toBe('blocked')
  expect(of(10, 0, null, true).level).toBe('blocked')
})

it('has no share without a limit', () => {
  expect(of(10, 0, null)).toMatchObject({ level: 'calm', share: null })
})

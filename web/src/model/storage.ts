// How full the library is, and how loudly to say so.
import type { Storage } from '../api/schema'

export type Fullness = {
  level: 'calm' | 'warn' | 'urgent' | 'full' | 'blocked'
  /** Null without a limit. */
  share: number | null
  used: number
  reserved: number
  limit: number | null
}

export function fullnessOf(storage: Storage): Fullness {
  const { used_bytes: used, reserved_bytes: reserved } = storage
  const limit = storage.limit_bytes ?? null
  const share = limit === null ? null : limit === 0 ? 1 : (used + reserved) / limit
  return { level: levelOf(storage, share), share, used, reserved, limit }
}

function levelOf(storage: Storage, share: number | null): Fullness['level'] {
  if (share !== null && share >= 1) return 'full'
  if (storage.blocked) return 'blocked'
  if (share !== null && share >= 0.95) return 'urgent'
  return share !== null && share >= 0.8 ? 'warn' : 'calm'
}

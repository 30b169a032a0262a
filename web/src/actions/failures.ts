// What to say when the server says no.
import { ApiError } from '../api/http'
import { t } from '../text'
import { tell } from './toasts'

export function sentenceOf(failure: unknown): string {
  if (!(failure instanceof ApiError)) return t.errors.unknown
  if (failure.offline) return navigator.onLine ? t.errors.unreachable : t.errors.offline
  if (failure.status === 429 && failure.retryAfter) return failure.message || t.errors.slow(failure.retryAfter)
  if (failure.status >= 500 && failure.status !== 507) return t.errors.server
  return failure.message || t.errors.unknown
}

export const tellFailure = (failure: unknown): void => void tell(sentenceOf(failure), { tone: 'bad' })

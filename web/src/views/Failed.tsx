import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { queries } from '../actions/queries'
import { ApiError } from '../api/http'
import { Button } from '../parts/Button'
import { State } from '../parts/State'
import { t } from '../text'

const AGAIN_MS = 5000

/** Instead of a page that could not be had: why, and the way out. */
export function Failed({ error, level = 1, again }: { error: unknown; level?: 1 | 2; again?: () => void }) {
  const router = useRouter()
  const retry = again ?? (() => void queries.resetQueries().then(() => router.invalidate()))
  const offline = error instanceof ApiError && error.offline
  useEffect(() => {
    if (!offline) return
    addEventListener('online', retry)
    const timer = setInterval(retry, AGAIN_MS)
    return () => {
      removeEventListener('online', retry)
      clearInterval(timer)
    }
  })
  const denied = error instanceof ApiError && error.status === 403
  const retryButton = <Button look="main" icon="replace" onPress={retry}>{t.common.retry}</Button>
  if (offline && navigator.onLine) return <State level={level} icon="cloudOff" title={t.states.unreachable} hint={t.states.unreachableHint}>{retryButton}</State>
  if (offline) return <State level={level} icon="cloudOff" title={t.states.offline} hint={t.states.offlineHint}>{retryButton}</State>
  if (denied) return <State level={level} icon="lock" title={t.states.noPermission} hint={t.states.noPermissionHint}>{retryButton}</State>
  return <State level={level} icon="warn" tone="bad" title={t.states.serverError} hint={t.states.serverErrorHint}>{retryButton}</State>
}

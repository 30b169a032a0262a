import { Outlet } from '@tanstack/react-router'
import { useSyncExternalStore } from 'react'
import { dismiss, readToasts, watchToasts } from '../actions/toasts'
import { Toasts } from '../parts/Toasts'
import { t } from '../text'
import { Layers } from './layers'

/** What stands on every page: messages and dialogs. */
export function Root() {
  const toasts = useSyncExternalStore(watchToasts, readToasts)
  return (
    <>
      <Outlet />
      <Layers />
      <Toasts toasts={toasts} dismiss={dismiss} label={t.toast.region} dismissLabel={t.common.dismiss} />
    </>
  )
}

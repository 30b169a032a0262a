import { useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'
import { offerUploads, readUploads } from '../actions/uploads'
import { useHere } from '../views/session'
import { Dock } from './Dock'
import { begin } from './manager'
import { uploadsFor } from './take'

const TYPING = 'input, textarea, select, [contenteditable]'

/** The upload queue of whoever has signed in, and the ways into it that are open on every page. */
export function Uploads() {
  const { session, client } = useHere()
  const { pathname } = useLocation()
  const folder = pathname.includes('/media/') ? decodeURIComponent(pathname.replace(/^.*?\/media\/?/, '')) : ''
  useEffect(() => void begin(session.person.id), [session.person.id])
  useEffect(() => offerUploads(uploadsFor(client.id)), [client.id])
  useEffect(() => {
    const pasted = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])]
      if (!files.length || (event.target as Element).closest(TYPING)) return
      event.preventDefault()
      readUploads()?.add(files, folder)
    }
    // A drop beside every target uploads too, and never leaves the panel for the file.
    const over = (event: DragEvent) => event.dataTransfer?.types.includes('Files') && event.preventDefault()
    const dropped = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files') || event.defaultPrevented) return
      event.preventDefault()
      readUploads()?.addDropped(event.dataTransfer, folder)
    }
    addEventListener('paste', pasted)
    addEventListener('dragover', over)
    addEventListener('drop', dropped)
    return () => {
      removeEventListener('paste', pasted)
      removeEventListener('dragover', over)
      removeEventListener('drop', dropped)
    }
  }, [folder])
  return <Dock />
}

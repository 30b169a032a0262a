import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useEffect } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { fileQuery, pageQuery, queries } from '../../actions/queries'
import { ApiError } from '../../api/http'
import type { File } from '../../api/schema'
import { progressOf } from '../../model/facts'
import { PAGE, fileKey } from '../../model/listing'
import type { LibrarySearch } from '../../model/url'
import { Button } from '../../parts/Button'
import { State } from '../../parts/State'
import { t } from '../../text'
import { askRemove } from '../dialogs/open'
import { Failed } from '../Failed'
import { useRemembered } from '../remembered'
import type { Doing } from '../library/itemMenu'
import { startRename } from '../library/itemMenu'
import type { Seen } from '../library/useListing'
import { Details } from './Details'
import { Stage } from './Stage'
import { useWindowKeys } from './useWindowKeys'
import '../../theme/preview.css'

const Player = lazy(() => import('./Player').then((module) => ({ default: module.Player })))

type Props = { path: string; seen: Seen; doing: Doing; change: (next: Partial<LibrarySearch>, replace?: boolean) => void }

/** One file over all of the page: what it looks or sounds like, what it is, and its URLs. */
export function Preview({ path, seen, doing, change }: Props) {
  const { client, choosing } = doing
  const { listing } = seen
  const index = listing.indexOf(path)
  const inListing = index >= 0 ? listing.at(index) : undefined
  const { data, error } = useQuery({
    ...fileQuery(client, path),
    ...(inListing?.kind === 'file' ? { placeholderData: inListing.file } : {}),
    // What is not ready is looked at again, also where no events come through.
    refetchInterval: ({ state }) => (state.data && progressOf(state.data) !== 'ready' && progressOf(state.data) !== 'failed' ? 2500 : false),
  })
  const { find, loading } = seen
  const lost = index < 0 && !loading
  useEffect(() => {
    if (lost) void find(path).catch(() => undefined)
  }, [lost, path, find])
  const [details, showDetails] = useRemembered('details', matchMedia('(min-width: 52rem)').matches)

  const goTo = async (to: number) => {
    if (to < listing.folders.length || to >= listing.count) return
    const item = listing.at(to)
    if (item) return change({ file: item.path }, true)
    const page = listing.pageAt(to)
    const { files } = await queries.fetchQuery(pageQuery(client, seen.asked, page))
    const file = files[(to - listing.folders.length) % PAGE]
    if (file) change({ file: fileKey(file) }, true)
  }
  const close = () => {
    if (index >= 0) {
      choosing.set((now) => ({ ...now, focus: index, anchor: index }))
      // After the dialog has given the focus back, it goes on to the file that was seen last.
      setTimeout(() => document.querySelector<HTMLElement>(`.contents [data-index="${index}"]`)?.focus({ preventScroll: false }), 60)
    }
    change({ file: undefined }, true)
  }
  useWindowKeys(({ key }) => {
    if (key === 'ArrowLeft') void goTo(index - 1)
    else if (key === 'ArrowRight') void goTo(index + 1)
    else if (key === 'Delete' && doing.mayWrite) askRemove(client, [path], close)
    else if (key === 'F2' && doing.mayWrite) startRename(doing, path, (renamed) => change({ file: renamed }, true))
    else return false
    return true
  })
  // The next one is fetched while this one is looked at.
  useEffect(() => {
    const next = index >= 0 ? listing.at(index + 1) : undefined
    if (next?.kind === 'file' && next.file.type === 'image' && next.file.size < 8_000_000) new Image().src = next.file.url
  }, [index, listing])

  const name = data?.displayName ?? path
  const position = index >= 0 ? t.preview.position(index - listing.folders.length + 1, listing.files) : ''
  return (
    <ModalOverlay className="preview-over" isOpen onOpenChange={(open) => !open && close()}>
      <Modal className="modal">
        <Dialog className="preview" aria-label={t.preview.label(name)} data-details={details}>
          <div className="preview-frame">
            <Head name={name} position={position} close={close} details={details} showDetails={showDetails}
              previous={index > listing.folders.length ? () => void goTo(index - 1) : null} next={index >= 0 && index < listing.count - 1 ? () => void goTo(index + 1) : null} />
            {data ? <Shown key={path} file={data} /> : error ? <Missing error={error} close={close} /> : <div className="stage" aria-busy="true" />}
          </div>
          {details && data && <Details file={data} doing={doing} close={close} renamed={(key) => change({ file: key }, true)} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

type HeadProps = { name: string; position: string; close: () => void; details: boolean; showDetails: (show: boolean) => void; previous: (() => void) | null; next: (() => void) | null }

function Head({ name, position, close, details, showDetails, previous, next }: HeadProps) {
  return (
    <header className="preview-head">
      <Button icon="close" label={t.common.close} onPress={close} />
      <h2 className="clip" title={name}>{name}</h2>
      <span className="preview-position num" role="status">{position}</span>
      <Button icon="chevron" className="turned" label={t.preview.previous} isDisabled={!previous} onPress={() => previous?.()} />
      <Button icon="chevron" label={t.preview.next} isDisabled={!next} onPress={() => next?.()} />
      <Button icon="info" label={details ? t.preview.hideDetails : t.preview.showDetails} aria-pressed={details} onPress={() => showDetails(!details)} />
    </header>
  )
}

function Shown({ file }: { file: File }) {
  if (file.type === 'video' || file.type === 'audio') {
    if (file.status === 'uploaded') return <Suspense fallback={<div className="stage" aria-busy="true" />}><Player file={file} /></Suspense>
  }
  return <Stage file={file} />
}

function Missing({ error, close }: { error: unknown; close: () => void }) {
  const gone = error instanceof ApiError && (error.status === 404 || error.status === 400 || error.status === 403)
  return (
    <div className="stage">
      {gone ? <State icon="search" title={t.preview.gone} hint={t.preview.goneHint}><Button look="main" onPress={close}>{t.common.close}</Button></State> : <Failed error={error} level={2} />}
    </div>
  )
}

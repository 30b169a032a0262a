import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Suspense, lazy, useCallback, useEffect, useSyncExternalStore } from 'react'
import { readUploads, watchUploads } from '../../actions/uploads'
import { type Item, isEmpty } from '../../model/listing'
import { isTemp, nameOf, parentOf } from '../../model/path'
import { type LibrarySearch, type Sort, type View, nextSort } from '../../model/url'
import { figures, t } from '../../text'
import { askNewFolder } from '../dialogs/open'
import { useDropTarget } from '../drag'
import { keepView } from '../FolderTree'
import { useRemembered } from '../remembered'
import { StorageNote } from '../StorageMeter'
import { useHere, useMay } from '../session'
import { ActionBar } from './ActionBar'
import { Contents } from './Contents'
import { Head } from './Head'
import { Instead } from './Instead'
import { Skeletons } from './Skeletons'
import { Tools } from './Tools'
import { askedOf, useListing } from './useListing'
import { usePageKeys } from './usePageKeys'
import { useSelection } from './useSelection'
import type { Doing } from './itemMenu'
import '../../theme/library.css'
import '../../theme/dialogs.css'

const Preview = lazy(() => import('../preview/Preview').then((module) => ({ default: module.Preview })))

/** The media library: one folder, or what was searched for, with all that can be done to it. */
export function LibraryPage() {
  const { client } = useHere()
  const mayWrite = useMay('render')
  const path = useParams({ strict: false })._splat ?? ''
  const search = useSearch({ strict: false }) as LibrarySearch
  const navigate = useNavigate()
  const [usualView, rememberView] = useRemembered<View>('view', 'grid')
  const [usualSort, rememberSort] = useRemembered<Sort>('sort', '-date')
  const [view, sort] = [search.view ?? usualView, search.sort ?? usualSort]
  const uploads = useSyncExternalStore(watchUploads, readUploads)

  const seen = useListing(client.id, askedOf(path, search, sort))
  const choosing = useSelection(client.id, seen)
  const { listing } = seen

  const change = useCallback((next: Partial<LibrarySearch>, replace = false) => {
    void navigate({ to: '.', search: ((old: LibrarySearch) => ({ ...old, ...next })) as never, replace })
  }, [navigate])
  const openFolder = useCallback((folder: string) => void navigate({ to: '/media/$', params: { _splat: folder }, search: keepView }), [navigate])
  const open = useCallback((item: Item) => (item.kind === 'folder' ? openFolder(item.path) : change({ file: item.path })), [openFolder, change])
  const doing: Doing = { client: client.id, mayWrite, choosing, open, openFolder }

  const setView = (next: View) => {
    rememberView(next)
    change({ view: next }, true)
  }
  const setSort = (next: Sort) => {
    rememberSort(next)
    change({ sort: next }, true)
  }
  const newFolder = () => askNewFolder(client.id, path, openFolder)
  const toggleView = () => setView(view === 'grid' ? 'list' : 'grid')
  usePageKeys({ close: () => (choosing.count ? choosing.clear() : undefined), all: choosing.all })

  const where = path ? nameOf(path) : t.library.root
  useEffect(() => void (document.title = `${where} · ${t.app.name}`), [where])
  const { hover, handlers } = useDropTarget({ client: client.id, path, writable: mayWrite && uploads !== null, filesOnly: true })
  const summary = search.q || search.type
    ? t.library.found(listing.count)
    : t.library.summary(listing.folders.length, listing.files, seen.bytes ? figures.bytes(seen.bytes) : '')

  return (
    <div className="library" {...handlers}>
      <Head path={path} mayWrite={mayWrite} newFolder={newFolder} client={client.id} search={search} change={change} />
      <Tools view={view} sort={sort} type={search.type} setView={setView} setSort={setSort} setType={(type) => change({ type })} summary={seen.loading || seen.failure ? '' : summary}
        scope={search.q ? { below: search.below ?? false, atRoot: path === '', set: (below) => change({ below: below || undefined }, true) } : undefined} />
      {mayWrite && <StorageNote />}
      {seen.loading ? <Skeletons view={view} />
        : seen.failure || isEmpty(listing) ? <Instead seen={seen} path={path} search={search} change={change} mayWrite={mayWrite} openFolder={openFolder} />
        : <Contents seen={seen} view={view} sort={sort} sortBy={(column) => setSort(nextSort(sort, column))} doing={doing} label={t.library.contents(where)}
            where={search.below === true} up={() => path && openFolder(parentOf(path))} newFolder={newFolder} toggleView={toggleView} />}
      <ActionBar doing={doing} total={listing.count} />
      {hover === 'yes' && <div className="drop-veil" aria-hidden="true"><p>{t.library.dropHere(where)}</p></div>}
      {isTemp(path) && <p className="note">{t.library.temporary}</p>}
      {search.file && <Suspense><Preview path={search.file} seen={seen} doing={doing} change={change} /></Suspense>}
      <p className="hidden" role="status">{seen.loading ? '' : choosing.count ? t.library.selected(choosing.count) : summary}</p>
    </div>
  )
}

import { Link, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { readUploads, watchUploads } from '../../actions/uploads'
import { trailOf } from '../../model/path'
import type { LibrarySearch } from '../../model/url'
import { Button } from '../../parts/Button'
import { Icon } from '../../parts/Icon'
import { WithMenu } from '../../parts/Menus'
import { t } from '../../text'
import { askImport } from '../dialogs/open'
import { useDropTarget } from '../drag'
import { keepView } from '../FolderTree'
import { useFrame } from '../Shell'
import { pickFiles } from './itemMenu'

export const SEARCH_ID = 'search'

type Props = { path: string; client: string; mayWrite: boolean; newFolder: () => void; search: LibrarySearch; change: (next: Partial<LibrarySearch>, replace?: boolean) => void }

/** Where one is, the search, and what puts things here. */
export function Head({ path, client, mayWrite, newFolder, search, change }: Props) {
  const { sideOpen, toggleSide } = useFrame()
  const uploads = useSyncExternalStore(watchUploads, readUploads)
  const upload = uploads && (
    <WithMenu label={t.library.upload} groups={[{ entries: [
      { id: 'files', label: t.library.uploadFiles, icon: 'upload', run: () => pickFiles({ many: true }, (files) => uploads.add(files, path)) },
      { id: 'folder', label: t.library.uploadFolder, icon: 'folder', run: () => pickFiles({ folder: true }, (files) => uploads.add(files, path)) },
      { id: 'url', label: t.library.fromUrl, icon: 'link', run: () => askImport(path) },
    ] }]}>
      <Button look="main" icon="upload" className="head-upload" aria-label={t.library.upload}><span className="head-words">{t.library.upload}</span></Button>
    </WithMenu>
  )
  return (
    <header className="head">
      <Button icon={sideOpen ? 'side' : 'menu'} label={sideOpen ? t.nav.hideFolders : t.nav.showFolders} aria-expanded={sideOpen} onPress={toggleSide} />
      <Trail path={path} client={client} mayWrite={mayWrite} />
      <Search key={path} search={search} change={change} />
      {mayWrite && <Button look="line" icon="folderPlus" className="head-new" onPress={newFolder} aria-label={t.library.newFolder}><span className="head-words">{t.library.newFolder}</span></Button>}
      {mayWrite && upload}
    </header>
  )
}

function Trail({ path, client, mayWrite }: { path: string; client: string; mayWrite: boolean }) {
  const trail = trailOf(path)
  return (
    <nav className="trail" aria-label={t.library.title}>
      <ol>
        {trail.map((step, at) => <Step key={step.path} step={step} last={at === trail.length - 1} client={client} mayWrite={mayWrite} />)}
      </ol>
    </nav>
  )
}

function Step({ step, last, client, mayWrite }: { step: { path: string; name: string }; last: boolean; client: string; mayWrite: boolean }) {
  const search = useSearch({ strict: false })
  const { hover, handlers } = useDropTarget({ client, path: step.path, writable: mayWrite })
  const name = step.name || t.library.root
  return (
    <li className="trail-step">
      {step.path !== '' && <Icon name="chevron" />}
      {last ? <h1 className="clip trail-here" aria-current="page" title={name}>{name}</h1>
        : <Link to="/media/$" params={{ _splat: step.path }} search={keepView(search)} className="trail-link clip" data-hover={hover} draggable={false} {...handlers}>{name}</Link>}
    </li>
  )
}

const PAUSE_MS = 180

function Search({ search, change }: Pick<Props, 'search' | 'change'>) {
  const [words, setWords] = useState(search.q ?? '')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const told = useRef(search.q ?? '')
  // Another address (back, or a link) brings its own words.
  useEffect(() => {
    if ((search.q ?? '') === told.current) return
    told.current = search.q ?? ''
    setWords(told.current)
  }, [search.q])
  useEffect(() => () => clearTimeout(timer.current), [])
  const say = (next: string, pause = PAUSE_MS) => {
    setWords(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      const first = told.current === ''
      told.current = next.trim()
      change({ q: told.current || undefined, ...(told.current ? {} : { below: undefined }) }, !first)
    }, pause)
  }
  const label = search.below ? t.library.searchAll : t.library.searchHere
  return (
    <div className="search" role="search">
      <Icon name="search" />
      <input id={SEARCH_ID} className="input" type="text" inputMode="search" enterKeyHint="search" value={words} placeholder={t.library.search} aria-label={label} autoComplete="off" spellCheck={false}
        onChange={(event) => say(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && words) say('', 0)
          else if (event.key === 'Escape' || event.key === 'ArrowDown') document.querySelector<HTMLElement>('.contents [tabindex="0"][data-index]')?.focus()
          else return
          event.preventDefault()
        }} />
      {words ? <Button small icon="close" label={t.library.clearSearch} onPress={() => { say('', 0); document.getElementById(SEARCH_ID)?.focus() }} /> : <kbd aria-hidden="true">/</kbd>}
    </div>
  )
}

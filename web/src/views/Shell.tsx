import { Link, Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router'
import { Suspense, createContext, lazy, use, useEffect, useState } from 'react'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { Dialog } from 'react-aria-components/Dialog'
import { signOut } from '../api/account'
import { onSignedOut } from '../api/http'
import { queries } from '../actions/queries'
import { tellFailure } from '../actions/failures'
import { Button } from '../parts/Button'
import { Icon } from '../parts/Icon'
import { type Groups, WithMenu } from '../parts/Menus'
import { State } from '../parts/State'
import { t } from '../text'
import { FolderTree } from './FolderTree'
import { LiveChanges } from './LiveChanges'
import { StorageMeter } from './StorageMeter'
import { openLayer } from './layers'
import { ACCOUNT_PAGES, MANAGER_PAGES } from './pages'
import { useRemembered } from './remembered'
import { SignedIn, useHere, useMay } from './session'
import mark from '../theme/mark.svg'
import '../theme/shell.css'

const KeysHelp = lazy(() => import('./KeysHelp').then((module) => ({ default: module.KeysHelp })))
const Uploads = lazy(async () => {
  const [{ Uploads }] = await Promise.all([import('../upload/Uploads'), import('../text/upload').then((words) => words.chooseUploadText())])
  return { default: Uploads }
})
export const showKeysHelp = () => openLayer((close) => <KeysHelp close={close} />)

type Frame = { sideOpen: boolean; toggleSide: () => void }
const FrameContext = createContext<Frame>({ sideOpen: true, toggleSide: () => undefined })
export const useFrame = () => use(FrameContext)

/** The frame of every page for people who have signed in: folders and storage beside, the page itself in the middle. */
export function Shell() {
  return (
    <SignedIn none={<main className="page-alone"><State level={1} icon="people" title={t.states.noClient} hint={t.states.noClientHint} /></main>}>
      <Frame />
    </SignedIn>
  )
}

function useNarrow(): boolean {
  const [narrow, set] = useState(() => matchMedia('(max-width: 52rem)').matches)
  useEffect(() => {
    const watched = matchMedia('(max-width: 52rem)')
    const changed = () => set(watched.matches)
    watched.addEventListener('change', changed)
    return () => watched.removeEventListener('change', changed)
  }, [])
  return narrow
}

function Frame() {
  const narrow = useNarrow()
  const mayUpload = useMay('render')
  const [wide, rememberWide] = useRemembered('side', true)
  const [drawer, openDrawer] = useState(false)
  const navigate = useNavigate()
  const router = useRouter()
  useEffect(() => onSignedOut(() => {
    queries.clear()
    void navigate({ to: '/sign-in', search: { next: router.latestLocation.href } })
  }), [navigate, router])
  const toggleSide = () => (narrow ? openDrawer(!drawer) : rememberWide(!wide))
  return (
    <FrameContext value={{ sideOpen: narrow ? drawer : wide, toggleSide }}>
      <a className="skip" href="#page">{t.app.skip}</a>
      <LiveChanges />
      {mayUpload && <Suspense><Uploads /></Suspense>}
      <div className="shell" data-side={!narrow && wide}>
        {!narrow && wide && <aside className="side" aria-label={t.nav.folders}><Side went={() => undefined} /></aside>}
        <main className="page" id="page" tabIndex={-1}><Suspense><Outlet /></Suspense></main>
      </div>
      <ModalOverlay className="scrim scrim--side" isOpen={narrow && drawer} isDismissable onOpenChange={openDrawer}>
        <Modal className="modal"><Dialog className="side side--drawer" aria-label={t.nav.folders}><Side went={() => openDrawer(false)} /></Dialog></Modal>
      </ModalOverlay>
    </FrameContext>
  )
}

function Side({ went }: { went: () => void }) {
  const manager = useMay('manager')
  const admin = useMay('admin')
  const { pathname } = useLocation()
  const pages = MANAGER_PAGES.filter((page) => (page.role === 'admin' ? admin : manager))
  return (
    <>
      <ClientSwitch />
      <nav className="side-nav" aria-label={t.app.name}>
        <Link to="/media/$" params={{ _splat: '' }} className="side-link" data-current={pathname.includes('/media')} onClick={went}><Icon name="image" />{t.nav.media}</Link>
        {pages.map((page) => (
          <Link key={page.to} to={page.to as '/'} className="side-link" data-current={pathname.endsWith(page.to)} onClick={went}><Icon name={page.icon} />{page.label()}</Link>
        ))}
      </nav>
      <h2 className="side-head" id="side-folders">{t.nav.folders}</h2>
      <FolderTree went={went} />
      <StorageMeter />
      <PersonMenu />
    </>
  )
}

function ClientSwitch() {
  const { session, client, switchClient } = useHere()
  const navigate = useNavigate()
  const go = (id: string) => {
    switchClient(id)
    void navigate({ to: '/media/$', params: { _splat: '' } })
  }
  if (session.clients.length < 2) return <div className="client"><img src={mark} alt="" width="28" height="28" /><span className="clip">{client.name}</span></div>
  const groups: Groups = [{ head: t.nav.switchClient, entries: session.clients.map(({ id, name }) => ({ id, label: name, on: id === client.id, run: () => go(id) })) }]
  return (
    <WithMenu label={t.nav.switchClient} groups={groups} placement="bottom start">
      <Button className="client">
        <span className="hidden">{t.nav.switchClient}: </span><img src={mark} alt="" width="28" height="28" /><span className="clip">{client.name}</span><Icon name="switch" />
      </Button>
    </WithMenu>
  )
}

function PersonMenu() {
  const { session } = useHere()
  const navigate = useNavigate()
  const leave = () =>
    signOut().then(() => {
      queries.clear()
      void navigate({ to: '/sign-in' })
    }, tellFailure)
  const groups: Groups = [
    { entries: ACCOUNT_PAGES.map((page) => ({ id: page.to, label: page.label(), icon: page.icon, run: () => void navigate({ to: page.to as '/' }) })) },
    { entries: [{ id: 'keyboard', label: t.nav.keyboard, icon: 'keyboard', keys: '?', run: showKeysHelp }] },
    { entries: [{ id: 'leave', label: t.nav.signOut, icon: 'exit', run: () => void leave() }] },
  ]
  const initials = session.person.name.split(/\s+/).map((word) => word[0]).slice(0, 2).join('').toUpperCase()
  return (
    <WithMenu label={t.nav.menu} groups={groups} placement="top start">
      <Button className="person">
        <span className="hidden">{t.nav.menu}: </span>
        <span className="person-mark" aria-hidden="true">{initials}</span>
        <span className="person-words"><span className="clip">{session.person.name}</span><span className="clip person-mail">{session.person.email}</span></span>
        <Icon name="up" />
      </Button>
    </WithMenu>
  )
}

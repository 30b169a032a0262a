// Every address of the panel. Pages are loaded when they are gone to.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queries, sessionQuery } from './actions/queries'
import { ApiError } from './api/http'
import { readSearch } from './model/url'
import { Failed } from './views/Failed'
import { Root } from './views/Root'

const root = createRootRoute({ component: Root, errorComponent: Failed, notFoundComponent: lazyRouteComponent(() => import('./views/NotFound'), 'NotFound') })

const start = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/media/$', params: { _splat: '' } })
  },
})

/** Pages below are for people who have signed in. */
const panel = createRoute({
  getParentRoute: () => root,
  id: 'panel',
  beforeLoad: async ({ location }) => {
    try {
      await queries.ensureQueryData(sessionQuery)
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 401) {
        throw redirect({ to: '/sign-in', search: { next: location.href } })
      }
      throw failure
    }
  },
  component: lazyRouteComponent(() => import('./views/Shell'), 'Shell'),
})

export const media = createRoute({
  getParentRoute: () => panel,
  path: '/media/$',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./views/library/LibraryPage'), 'LibraryPage'),
})

/** Pages that have words of their own, which are loaded with them. */
const worded = <Page,>(load: () => Promise<Page>) => async (): Promise<Page> => {
  const [page] = await Promise.all([load(), import('./text/account').then((words) => words.chooseAccountText())])
  return page
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: ({ next }: Record<string, unknown>): { next?: string } => (typeof next === 'string' ? { next } : {}),
  component: lazyRouteComponent(worded(() => import('./views/account/SignIn')), 'SignIn'),
})

const setup = createRoute({ getParentRoute: () => root, path: '/setup', component: lazyRouteComponent(worded(() => import('./views/account/Setup')), 'Setup') })
const account = createRoute({ getParentRoute: () => panel, path: '/account', component: lazyRouteComponent(worded(() => import('./views/account/Account')), 'Account') })
const keys = createRoute({ getParentRoute: () => panel, path: '/keys', component: lazyRouteComponent(worded(() => import('./views/account/Keys')), 'Keys') })
const people = createRoute({ getParentRoute: () => panel, path: '/people', component: lazyRouteComponent(worded(() => import('./views/account/People')), 'People') })

/** Queries as plain text: `?q=2026` and not `?q="2026"`. */
function printSearch(search: Record<string, unknown>): string {
  const said = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()
  return text ? `?${text}` : ''
}

export const router = createRouter({
  routeTree: root.addChildren([start, signIn, setup, panel.addChildren([media, account, keys, people])]),
  basepath: '/dashboard',
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: printSearch,
  defaultPreload: false,
  scrollRestoration: false,
  defaultPendingMs: 0,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

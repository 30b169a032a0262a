// The pages beside the library, for the navigation.
import type { IconName } from '../parts/Icon'
import { t } from '../text'

type Page = { to: string; icon: IconName; label: () => string; role?: 'manager' | 'admin' }

/** For who manages the client. */
export const MANAGER_PAGES: Page[] = [
  { to: '/keys', icon: 'key', label: () => t.nav.keys },
  { to: '/people', icon: 'people', label: () => t.nav.people, role: 'admin' },
]

/** For everybody, about themselves. */
export const ACCOUNT_PAGES: Page[] = [{ to: '/account', icon: 'person', label: () => t.nav.account }]

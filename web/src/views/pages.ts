// The pages beside the library, for the navigation.
import type { IconName } from '../parts/Icon'

type Page = { to: string; icon: IconName; label: () => string; role?: 'manager' | 'admin' }

/** For who manages the client. */
export const MANAGER_PAGES: Page[] = []

/** For everybody, about themselves. */
export const ACCOUNT_PAGES: Page[] = []

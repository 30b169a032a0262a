import { counting } from './plural'

const n = counting('en')

/** Sign-in, the account, API keys and people. */
export const account = {
  email: 'E-mail', password: 'Password', name: 'Name', role: 'Role', showPassword: 'Show the password', hidePassword: 'Hide the password',
  roles: { viewer: 'Viewer', render: 'Render', editor: 'Editor', manager: 'Manager', admin: 'Admin' },
  roleHints: { viewer: 'Looks and downloads, changes nothing', render: 'Uses and uploads media', editor: 'Looks after the library', manager: 'Makes API keys as well', admin: 'Invites and removes people as well' },
  signIn: { title: 'Sign in', lead: 'to your media library', go: 'Sign in', wrong: 'E-mail and password do not match.', slow: (seconds: number) => `Too many tries. Wait ${n(seconds, 'second', 'seconds')}, then try again.`, lost: 'Forgotten the password? Ask who runs this server for a link to set a new one.', ended: 'Your session has ended. Sign in again to go on.' },
  setup: {
    first: 'Welcome to Reelshelf', firstLead: 'You are the first person here. Set up your account.', invitation: (client: string) => `Join ${client}`, invitationLead: (role: string) => `You were invited as ${role}. Set up your account.`, known: 'Have you an account with this e-mail already? Then use its password.',
    reset: 'A new password', resetLead: 'Choose the password you sign in with from now on.', go: 'Set up and sign in', join: 'Join', save: 'Save and sign in', passwordHint: 'At least 10 characters. A few words are easy to remember.',
    used: 'This link is no longer valid', usedHint: 'It was used, withdrawn, or its time is over. Ask for a new one, or sign in.', toSignIn: 'Go to sign-in', checking: 'Looking at the link…',
  },
  account: {
    title: 'Account', you: 'You', password: 'Password', old: 'Present password', next: 'New password', change: 'Change password', changed: 'Password changed. All other sessions were ended.', wrongOld: 'That is not your present password.',
    sessions: 'Sessions', sessionsHint: 'Where you are signed in. End what you do not know.', current: 'This browser', seen: (when: string) => `Last seen ${when}`, since: (when: string) => `since ${when}`, end: 'End', endOf: (what: string) => `End the session of ${what}`, ended: 'Session ended', endOthers: 'End all others', unknown: 'Unknown browser', on: (browser: string, system: string) => `${browser} on ${system}`,
    clients: 'Clients',
  },
  keys: {
    title: 'API keys', lead: 'Programs send a key as x-api-key. Each key belongs to this client alone.', make: 'New key', none: 'There is no key yet', noneHint: 'Make one for each program that uses the library: then each can be revoked by itself.',
    name: 'Name', nameHint: 'What uses it, such as “n8n” or “render farm”', days: 'Expires', never: 'Never', after: (days: number) => `After ${n(days, 'day', 'days')}`, create: 'Make key', role: 'Role', created: 'Made', used: 'Last used', unused: 'Never used', expires: (when: string) => `Expires ${when}`, expired: 'Expired', revoked: 'Revoked', state: 'State', active: 'Active',
    shown: 'Your new key', shownHint: 'It is shown this once. Keep it where the program finds it.', copy: 'Copy key', copied: 'Key copied', done: 'I have kept it', curl: 'Try it',
    revoke: 'Revoke', revokeOf: (name: string) => `Revoke ${name}`, revokeTitle: (name: string) => `Revoke “${name}”?`, revokeHint: 'What uses it is refused from its next request on. This cannot be undone.', gone: (name: string) => `“${name}” revoked`, list: 'API keys of this client', withRevoked: (count: number) => `Show ${n(count, 'revoked key', 'revoked keys')}`, withoutRevoked: 'Hide revoked keys', actions: 'Actions',
  },
  people: {
    title: 'People', lead: (client: string) => `Who may sign in to ${client}, and what they may do.`, invite: 'Invite', you: 'You', joined: (when: string) => `Since ${when}`, remove: 'Remove', removeOf: (name: string) => `Remove ${name}`, removeTitle: (name: string) => `Remove ${name}?`, removeHint: 'They lose access to this client at once. What they uploaded stays.', removed: (name: string) => `${name} removed`,
    roleOf: (name: string) => `Role of ${name}`, roleChanged: (name: string, role: string) => `${name} is ${role} now`, list: 'People of this client', invitations: 'Invitations', pending: (when: string) => `Valid until ${when}`, withdraw: 'Withdraw', withdrawOf: (email: string) => `Withdraw the invitation of ${email}`, withdrawn: 'Invitation withdrawn',
    inviteTitle: 'Invite somebody', send: 'Make the link', link: 'Invitation link', linkHint: (email: string) => `Send this link to ${email}. It is shown this once, and works once.`, copyLink: 'Copy link', linkCopied: 'Link copied', done: 'Done',
  },
}

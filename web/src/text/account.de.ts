import type { account as english } from './account.en'
import { counting } from './plural'

const n = counting('de')

export const account: typeof english = {
  email: 'E-Mail', password: 'Passwort', name: 'Name', role: 'Rolle', showPassword: 'Passwort zeigen', hidePassword: 'Passwort verbergen',
  roles: { viewer: 'Betrachter', render: 'Render', editor: 'Redaktion', manager: 'Verwaltung', admin: 'Admin' },
  roleHints: { viewer: 'Sieht und lädt herunter, ändert nichts', render: 'Benutzt Medien und lädt hoch', editor: 'Pflegt die Bibliothek', manager: 'Legt auch API-Schlüssel an', admin: 'Lädt auch Personen ein und entfernt sie' },
  signIn: { title: 'Anmelden', lead: 'in Ihrer Mediathek', go: 'Anmelden', wrong: 'E-Mail und Passwort passen nicht zusammen.', slow: (seconds) => `Zu viele Versuche. Warten Sie ${n(seconds, 'Sekunde', 'Sekunden')} und versuchen Sie es dann noch einmal.`, lost: 'Passwort vergessen? Wer diesen Server betreibt, kann Ihnen einen Link für ein neues geben.', ended: 'Ihre Sitzung ist zu Ende. Melden Sie sich noch einmal an, um weiterzumachen.' },
  setup: {
    first: 'Willkommen bei Reelshelf', firstLead: 'Sie sind hier die erste Person. Richten Sie Ihr Konto ein.', invitation: (client) => `Zu ${client} dazukommen`, invitationLead: (role) => `Sie sind eingeladen als ${role}. Richten Sie Ihr Konto ein.`, known: 'Sie haben mit dieser E-Mail schon ein Konto? Dann nehmen Sie dessen Passwort.',
    reset: 'Ein neues Passwort', resetLead: 'Wählen Sie das Passwort, mit dem Sie sich ab jetzt anmelden.', go: 'Einrichten und anmelden', join: 'Dazukommen', save: 'Speichern und anmelden', passwordHint: 'Mindestens 10 Zeichen. Ein paar Wörter merkt man sich leicht.',
    used: 'Dieser Link gilt nicht mehr', usedHint: 'Er wurde benutzt, zurückgezogen, oder seine Zeit ist vorbei. Bitten Sie um einen neuen, oder melden Sie sich an.', toSignIn: 'Zur Anmeldung', checking: 'Der Link wird geprüft…',
  },
  account: {
    title: 'Konto', you: 'Sie', password: 'Passwort', old: 'Jetziges Passwort', next: 'Neues Passwort', change: 'Passwort ändern', changed: 'Passwort geändert. Alle anderen Sitzungen wurden beendet.', wrongOld: 'Das ist nicht Ihr jetziges Passwort.',
    sessions: 'Sitzungen', sessionsHint: 'Wo Sie angemeldet sind. Beenden Sie, was Sie nicht kennen.', current: 'Dieser Browser', seen: (when) => `Zuletzt gesehen ${when}`, since: (when) => `seit ${when}`, end: 'Beenden', endOf: (what) => `Sitzung von ${what} beenden`, ended: 'Sitzung beendet', endOthers: 'Alle anderen beenden', unknown: 'Unbekannter Browser', on: (browser, system) => `${browser} auf ${system}`,
    clients: 'Mandanten',
  },
  keys: {
    title: 'API-Schlüssel', lead: 'Programme senden einen Schlüssel als x-api-key. Jeder gehört nur zu diesem Mandanten.', make: 'Neuer Schlüssel', none: 'Es gibt noch keinen Schlüssel', noneHint: 'Legen Sie für jedes Programm einen an: Dann lässt sich jeder für sich widerrufen.',
    name: 'Name', nameHint: 'Was ihn benutzt, etwa „n8n“ oder „Renderfarm“', days: 'Läuft ab', never: 'Nie', after: (days) => `Nach ${n(days, 'Tag', 'Tagen')}`, create: 'Schlüssel anlegen', role: 'Rolle', created: 'Angelegt', used: 'Zuletzt benutzt', unused: 'Nie benutzt', expires: (when) => `Läuft ab ${when}`, expired: 'Abgelaufen', revoked: 'Widerrufen', state: 'Zustand', active: 'Gültig',
    shown: 'Ihr neuer Schlüssel', shownHint: 'Er wird nur dieses eine Mal gezeigt. Bewahren Sie ihn dort auf, wo das Programm ihn findet.', copy: 'Schlüssel kopieren', copied: 'Schlüssel kopiert', done: 'Ich habe ihn aufbewahrt', curl: 'Ausprobieren',
    revoke: 'Widerrufen', revokeOf: (name) => `${name} widerrufen`, revokeTitle: (name) => `„${name}“ widerrufen?`, revokeHint: 'Was ihn benutzt, wird ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.', gone: (name) => `„${name}“ widerrufen`, list: 'API-Schlüssel dieses Mandanten', withRevoked: (count) => `${n(count, 'widerrufenen Schlüssel', 'widerrufene Schlüssel')} zeigen`, withoutRevoked: 'Widerrufene Schlüssel verbergen', actions: 'Aktionen',
  },
  people: {
    title: 'Personen', lead: (client) => `Wer sich bei ${client} anmelden darf, und was sie dürfen.`, invite: 'Einladen', you: 'Sie', joined: (when) => `Seit ${when}`, remove: 'Entfernen', removeOf: (name) => `${name} entfernen`, removeTitle: (name) => `${name} entfernen?`, removeHint: 'Der Zugang zu diesem Mandanten endet sofort. Was hochgeladen wurde, bleibt.', removed: (name) => `${name} entfernt`,
    roleOf: (name) => `Rolle von ${name}`, roleChanged: (name, role) => `${name} ist jetzt ${role}`, list: 'Personen dieses Mandanten', invitations: 'Einladungen', pending: (when) => `Gültig bis ${when}`, withdraw: 'Zurückziehen', withdrawOf: (email) => `Einladung von ${email} zurückziehen`, withdrawn: 'Einladung zurückgezogen',
    inviteTitle: 'Jemanden einladen', send: 'Link anlegen', link: 'Einladungslink', linkHint: (email) => `Schicken Sie diesen Link an ${email}. Er wird nur dieses eine Mal gezeigt und gilt einmal.`, copyLink: 'Link kopieren', linkCopied: 'Link kopiert', done: 'Fertig',
  },
}

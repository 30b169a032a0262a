// Session, setup, keys and people: the panel's own endpoints.
import { PANEL_API, call, clientApi, rememberCsrf } from './http'
import type { Invitation, Key, Member, NewKey, Role, Session, SessionEntry, SetupForm, SetupLook, SignIn } from './panel'

async function remembering(asked: Promise<Session>): Promise<Session> {
  const session = await asked
  rememberCsrf(session.csrf)
  return session
}

export const readSession = (signal?: AbortSignal) => remembering(call<Session>('GET', `${PANEL_API}/session`, { signal }))
export const signIn = (form: SignIn) => remembering(call<Session>('POST', `${PANEL_API}/session`, { body: form }))
export const signOut = () => call<void>('DELETE', `${PANEL_API}/session`)

export const lookAtSetup = (token: string) => call<SetupLook>('POST', `${PANEL_API}/setup/look`, { body: { token } })
export const setUp = (form: SetupForm) => remembering(call<Session>('POST', `${PANEL_API}/setup`, { body: form }))

export const listSessions = () => call<{ sessions: SessionEntry[] }>('GET', `${PANEL_API}/sessions`)
export const endSession = (id: string) => call<void>('DELETE', `${PANEL_API}/sessions/${id}`)
export const changePassword = (old_password: string, new_password: string) =>
  call<void>('PUT', `${PANEL_API}/password`, { body: { old_password, new_password } })

export const listKeys = (client: string) => call<{ keys: Key[] }>('GET', `${clientApi(client)}/keys`)
export const makeKey = (client: string, form: NewKey) =>
  call<{ key: string; id: string }>('POST', `${clientApi(client)}/keys`, { body: form })
export const revokeKey = (client: string, id: string) => call<void>('DELETE', `${clientApi(client)}/keys/${id}`)

export const listPeople = (client: string) =>
  call<{ people: Member[]; invitations: Invitation[] }>('GET', `${clientApi(client)}/people`)
export const invite = (client: string, email: string, role: Role) =>
  call<{ url: string }>('POST', `${clientApi(client)}/invitations`, { body: { email, role } })
export const withdrawInvitation = (client: string, id: string) =>
  call<void>('DELETE', `${clientApi(client)}/invitations/${id}`)
export const changeRole = (client: string, id: string, role: Role) =>
  call<void>('PUT', `${clientApi(client)}/people/${id}`, { body: { role } })
export const removePerson = (client: string, id: string) => call<void>('DELETE', `${clientApi(client)}/people/${id}`)

// The panel's own endpoints, typed by hand until they stand in docs/openapi.json.

export type Role = 'viewer' | 'render' | 'editor' | 'manager' | 'admin'

export type Client = { id: string; name: string; role: Role }

export type Person = { id: string; email: string; name: string }

export type Session = {
  person: Person
  csrf: string
  clients: Client[]
  delivery_url: string
  limits: { paths: number; page_size: number }
}

export type SignIn = { email: string; password: string }

export type SetupLook = {
  kind: 'first' | 'invitation' | 'reset'
  email: string | null
  client: { id: string; name: string } | null
  role: Role | null
}

export type SetupForm = { token: string; email: string; name: string; password: string }

export type SessionEntry = {
  id: string
  current: boolean
  created_at: string
  seen_at: string
  user_agent: string
  address: string
}

export type Key = {
  id: string
  name: string
  role: Role
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  revoked_at: string | null
}

export type NewKey = { name: string; role: Role; days?: number }

export type Member = { id: string; email: string; name: string; role: Role; joined_at: string }

export type Invitation = { id: string; email: string; role: Role; expires_at: string }

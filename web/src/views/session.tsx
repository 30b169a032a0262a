// Who is here, and which client they look at. Below `SignedIn` both are known.
import { useSuspenseQuery } from '@tanstack/react-query'
import { createContext, use, useState } from 'react'
import { sessionQuery } from '../actions/queries'
import type { Client, Role, Session } from '../api/panel'

type Here = { session: Session; client: Client; switchClient: (id: string) => void }

const HereContext = createContext<Here | null>(null)
const REMEMBERED = 'reelshelf.client'

export function useHere(): Here {
  const here = use(HereContext)
  if (!here) throw new Error('outside of SignedIn')
  return here
}

const ORDER: Role[] = ['viewer', 'render', 'editor', 'manager', 'admin']

/** Whether the role of the person reaches this far at this client. */
export function useMay(role: Role): boolean {
  return ORDER.indexOf(useHere().client.role) >= ORDER.indexOf(role)
}

export function SignedIn({ children, none }: { children: React.ReactNode; none: React.ReactNode }) {
  const { data: session } = useSuspenseQuery(sessionQuery)
  const [chosen, choose] = useState(() => localStorage.getItem(REMEMBERED))
  const client = session.clients.find(({ id }) => id === chosen) ?? session.clients[0]
  if (!client) return none
  const switchClient = (id: string) => {
    localStorage.setItem(REMEMBERED, id)
    choose(id)
  }
  return <HereContext value={{ session, client, switchClient }}>{children}</HereContext>
}

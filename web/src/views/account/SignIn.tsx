import { useRouter, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { signIn } from '../../api/account'
import { queries, sessionQuery } from '../../actions/queries'
import type { Session } from '../../api/panel'
import { Button } from '../../parts/Button'
import { accountText } from '../../text/account'
import { Alone } from './Alone'
import { Field, InAll, Password, useSubmit } from './fields'

/** Goes to where somebody wanted to go before they had to sign in. Only within the panel: the address may come from anybody. */
export function useEnter(): (session: Session, next?: string) => Promise<void> {
  const router = useRouter()
  return async (session, next) => {
    queries.clear()
    queries.setQueryData(sessionQuery.queryKey, session)
    const within = next?.startsWith('/dashboard/') ? next.slice('/dashboard'.length) : next
    const safe = within && /^\/(?![/\\])/.test(within) && !within.startsWith('/sign-in') ? within : '/media/'
    router.history.replace(`/dashboard${safe}`)
    await router.invalidate()
  }
}

export function SignIn() {
  const { next } = useSearch({ strict: false }) as { next?: string }
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const enter = useEnter()
  const { submit, busy, wrong } = useSubmit(async () => enter(await signIn({ email: email.trim(), password }), next))
  return (
    <Alone title={accountText.signIn.title} lead={accountText.signIn.lead}>
      <form onSubmit={submit}>
        <Field label={accountText.email} value={email} change={setEmail} type="email" autoComplete="username" autoFocus required inputMode="email" />
        <Password label={accountText.password} value={password} change={setPassword} autoComplete="current-password" required />
        <InAll wrong={wrong} fields={[]} />
        <Button look="main" type="submit" className={busy ? 'busy' : ''}>{accountText.signIn.go}</Button>
      </form>
      <p className="alone-note">{accountText.signIn.lost}</p>
    </Alone>
  )
}

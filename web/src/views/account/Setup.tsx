import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { lookAtSetup, setUp } from '../../api/account'
import { ApiError } from '../../api/http'
import type { SetupLook } from '../../api/panel'
import { Button } from '../../parts/Button'
import { State } from '../../parts/State'
import { t } from '../../text'
import { accountText } from '../../text/account'
import { Failed } from '../Failed'
import { Alone } from './Alone'
import { Field, InAll, Password, ofField, useSubmit } from './fields'
import { useEnter } from './SignIn'

/** A link that sets somebody up. Its token stands behind the #, which no server and no log sees. */
export function Setup() {
  const [token] = useState(() => location.hash.slice(1))
  const [look, setLook] = useState<SetupLook | null>(null)
  const [failure, setFailure] = useState<unknown>(null)
  useEffect(() => {
    let here = true
    lookAtSetup(token).then((found) => here && setLook(found), (why: unknown) => here && setFailure(why))
    return () => void (here = false)
  }, [token])
  if (failure instanceof ApiError && failure.status === 404) return <Used />
  if (failure) return <main className="page-alone"><Failed error={failure} again={() => window.location.reload()} /></main>
  if (!look) return <main className="page-alone"><p role="status" className="hidden">{accountText.setup.checking}</p></main>
  return <Form look={look} token={token} />
}

function Used() {
  return (
    <main className="page-alone">
      <State level={1} icon="link" title={accountText.setup.used} hint={accountText.setup.usedHint}>
        <Link className="button button--main" to="/sign-in">{accountText.setup.toSignIn}</Link>
      </State>
    </main>
  )
}

function wordsFor({ kind, client, role }: SetupLook): { title: string; lead: string; go: string } {
  const words = accountText.setup
  if (kind === 'first') return { title: words.first, lead: words.firstLead, go: words.go }
  if (kind === 'reset') return { title: words.reset, lead: words.resetLead, go: words.save }
  return { title: words.invitation(client?.name ?? t.app.name), lead: role ? words.invitationLead(accountText.roles[role]) : '', go: words.join }
}

function Form({ look, token }: { look: SetupLook; token: string }) {
  const [email, setEmail] = useState(look.email ?? '')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const enter = useEnter()
  const { submit, busy, wrong } = useSubmit(async () => enter(await setUp({ token, email: email.trim(), name: name.trim(), password })))
  const { title, lead, go } = wordsFor(look)
  const reset = look.kind === 'reset'
  return (
    <Alone title={title} lead={lead}>
      <form onSubmit={submit}>
        <Field label={accountText.email} value={email} change={setEmail} type="email" autoComplete="username" required readOnly={look.email !== null} autoFocus={look.email === null} wrong={ofField(wrong, 'email')} />
        {!reset && <Field label={accountText.name} value={name} change={setName} autoComplete="name" required autoFocus={look.email !== null} maxLength={100} wrong={ofField(wrong, 'name')} />}
        <Password label={reset ? accountText.account.next : accountText.password} value={password} change={setPassword} autoComplete="new-password" required autoFocus={reset} hint={look.kind === 'invitation' ? `${accountText.setup.passwordHint} ${accountText.setup.known}` : accountText.setup.passwordHint} wrong={ofField(wrong, 'password')} />
        <InAll wrong={wrong} fields={['email', 'name', 'password']} />
        <Button look="main" type="submit" className={busy ? 'busy' : ''}>{go}</Button>
      </form>
    </Alone>
  )
}

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { changePassword, endSession, listSessions } from '../../api/account'
import { ApiError } from '../../api/http'
import { tellFailure } from '../../actions/failures'
import { queries } from '../../actions/queries'
import { tell } from '../../actions/toasts'
import type { SessionEntry } from '../../api/panel'
import { browserOf } from '../../model/browser'
import { Button } from '../../parts/Button'
import { figures } from '../../text'
import { accountText } from '../../text/account'
import { Failed } from '../Failed'
import { useHere } from '../session'
import { InAll, Password, type Wrong, ofField, wrongOf } from './fields'
import { Page, Part, Waiting } from './Page'

const sessionsQuery = queryOptions({ queryKey: ['sessions'], queryFn: listSessions, staleTime: 0 })
const sessionsChanged = () => queries.invalidateQueries(sessionsQuery)

export function Account() {
  const { session } = useHere()
  const { person, clients } = session
  return (
    <Page title={accountText.account.title}>
      <Part title={accountText.account.you}>
        <dl className="facts">
          <div><dt>{accountText.name}</dt><dd>{person.name}</dd></div>
          <div><dt>{accountText.email}</dt><dd>{person.email}</dd></div>
          {clients.map((client) => <div key={client.id}><dt>{client.name}</dt><dd>{accountText.roles[client.role]}</dd></div>)}
        </dl>
      </Part>
      <ChangePassword email={person.email} />
      <Sessions />
    </Page>
  )
}

function ChangePassword({ email }: { email: string }) {
  const words = accountText.account
  const [old, setOld] = useState('')
  const [next, setNext] = useState('')
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<Wrong>(null)
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setWrong(null)
    changePassword(old, next).then(() => {
      setOld('')
      setNext('')
      tell(words.changed)
      void sessionsChanged()
    }, (failure: unknown) => {
      const mistaken = failure instanceof ApiError && (failure.code === 'wrong_credentials' || failure.field === 'old_password')
      setWrong(mistaken ? { field: 'old_password', why: words.wrongOld } : wrongOf(failure))
    }).finally(() => setBusy(false))
  }
  return (
    <Part title={words.password}>
      <form className="part-form" onSubmit={submit}>
        <input type="email" hidden readOnly autoComplete="username" value={email} />
        <Password label={words.old} value={old} change={setOld} autoComplete="current-password" required wrong={ofField(wrong, 'old_password')} />
        <Password label={words.next} value={next} change={setNext} autoComplete="new-password" required hint={accountText.setup.passwordHint} wrong={ofField(wrong, 'new_password') ?? ofField(wrong, 'password')} />
        <InAll wrong={wrong} fields={['old_password', 'new_password', 'password']} />
        <div><Button look="line" type="submit" className={busy ? 'busy' : ''} isDisabled={!old || !next}>{words.change}</Button></div>
      </form>
    </Part>
  )
}

function Sessions() {
  const words = accountText.account
  const { data, error } = useQuery(sessionsQuery)
  const sessions = [...(data?.sessions ?? [])].sort((a, b) => Number(b.current) - Number(a.current) || b.seen_at.localeCompare(a.seen_at))
  const others = sessions.filter(({ current }) => !current)
  const end = (these: SessionEntry[]) => void Promise.all(these.map(({ id }) => endSession(id))).then(() => tell(words.ended), tellFailure).finally(() => void sessionsChanged())
  return (
    <Part title={words.sessions} hint={words.sessionsHint} action={others.length > 1 && <Button small look="line" onPress={() => end(others)}>{words.endOthers}</Button>}>
      {error ? <Failed error={error} level={2} again={() => void sessionsChanged()} /> : !data ? <Waiting />
        : <ul className="lines" aria-label={words.sessions}>{sessions.map((one) => <OneSession key={one.id} one={one} end={() => end([one])} />)}</ul>}
    </Part>
  )
}

function OneSession({ one, end }: { one: SessionEntry; end: () => void }) {
  const words = accountText.account
  const known = browserOf(one.user_agent)
  const name = known ? words.on(known.browser, known.system) : words.unknown
  return (
    <li className="line">
      <div className="line-words">
        <p className="line-name"><span className="clip">{name}</span>{one.current && <span className="tag tag--good">{words.current}</span>}</p>
        <p className="line-facts">{[one.address, words.seen(figures.dateTime(one.seen_at)), words.since(figures.date(one.created_at))].filter(Boolean).join(' · ')}</p>
      </div>
      {!one.current && <Button small look="line" aria-label={words.endOf(name)} onPress={end}>{words.end}</Button>}
    </li>
  )
}

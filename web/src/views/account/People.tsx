import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { changeRole, invite, listPeople, removePerson, withdrawInvitation } from '../../api/account'
import { tellFailure } from '../../actions/failures'
import { queries, sessionQuery } from '../../actions/queries'
import { tell } from '../../actions/toasts'
import type { Invitation, Member, Role } from '../../api/panel'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { figures, t } from '../../text'
import { accountText } from '../../text/account'
import { Failed } from '../Failed'
import { openLayer } from '../layers'
import { useHere } from '../session'
import { confirm } from './Confirm'
import { Field, InAll, ROLES, RoleField, ofField, useSubmit } from './fields'
import { Page, Part, Waiting } from './Page'
import { Shown } from './Shown'

const peopleQuery = (client: string) => queryOptions({ queryKey: ['people', client], queryFn: () => listPeople(client) })
const peopleChanged = (client: string) => queries.invalidateQueries({ queryKey: ['people', client] })

export function People() {
  const { client } = useHere()
  const words = accountText.people
  const { data, error } = useQuery(peopleQuery(client.id))
  const ask = () => openLayer((close) => <Invite client={client.id} most={client.role} close={close} />)
  return (
    <Page title={words.title} lead={words.lead(client.name)} action={<Button look="main" icon="plus" onPress={ask}>{words.invite}</Button>}>
      {error ? <Failed error={error} level={2} again={() => void peopleChanged(client.id)} /> : !data ? <Waiting /> : (
        <>
          <ul className="lines" aria-label={words.list}>{data.people.map((one) => <Person key={one.id} one={one} client={client.id} />)}</ul>
          {data.invitations.length > 0 && (
            <Part title={words.invitations}>
              <ul className="lines">{data.invitations.map((one) => <Invited key={one.id} one={one} client={client.id} />)}</ul>
            </Part>
          )}
        </>
      )}
    </Page>
  )
}

function Person({ one, client }: { one: Member; client: string }) {
  const { session } = useHere()
  const words = accountText.people
  const me = one.id === session.person.id
  const setRole = (role: Role) => {
    changeRole(client, one.id, role)
      .then(() => tell(words.roleChanged(one.name, accountText.roles[role])), tellFailure)
      .finally(() => void Promise.all([peopleChanged(client), me && queries.invalidateQueries(sessionQuery)]))
  }
  const remove = () => confirm({
    title: words.removeTitle(one.name), hint: words.removeHint, go: words.remove, told: words.removed(one.name),
    run: async () => { await removePerson(client, one.id); await peopleChanged(client) },
  })
  return (
    <li className="line">
      <span className="person-mark" aria-hidden="true">{one.name.split(/\s+/).map((word) => word[0]).slice(0, 2).join('').toUpperCase()}</span>
      <div className="line-words">
        <p className="line-name"><span className="clip">{one.name}</span>{me && <span className="tag">{words.you}</span>}</p>
        <p className="line-facts">{[one.email, words.joined(figures.date(one.joined_at))].join(' · ')}</p>
      </div>
      <select className="input line-role" aria-label={words.roleOf(one.name)} value={one.role} onChange={(event) => setRole(event.target.value as Role)}>
        {ROLES.map((role) => <option key={role} value={role}>{accountText.roles[role]}</option>)}
      </select>
      {!me && <Button small look="line" aria-label={words.removeOf(one.name)} onPress={remove}>{words.remove}</Button>}
    </li>
  )
}

function Invited({ one, client }: { one: Invitation; client: string }) {
  const words = accountText.people
  const withdraw = () => void withdrawInvitation(client, one.id).then(() => tell(words.withdrawn), tellFailure).finally(() => void peopleChanged(client))
  return (
    <li className="line">
      <div className="line-words">
        <p className="line-name"><span className="clip">{one.email}</span><span className="tag">{accountText.roles[one.role]}</span></p>
        <p className="line-facts">{words.pending(figures.dateTime(one.expires_at))}</p>
      </div>
      <Button small look="line" aria-label={words.withdrawOf(one.email)} onPress={withdraw}>{words.withdraw}</Button>
    </li>
  )
}

function Invite({ client, most, close }: { client: string; most: Role; close: () => void }) {
  const words = accountText.people
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('editor')
  const [url, setUrl] = useState<string | null>(null)
  const { submit, busy, wrong } = useSubmit(async () => {
    const made = await invite(client, email.trim(), role)
    void peopleChanged(client)
    setUrl(made.url)
  })
  if (url) return <Shown title={words.link} hint={words.linkHint(email.trim())} secret={url} label={words.link} copy={words.copyLink} copied={words.linkCopied} done={words.done} close={close} />
  return (
    <Dialog title={words.inviteTitle} close={close}>
      <form onSubmit={submit}>
        <Field label={accountText.email} value={email} change={setEmail} type="email" autoFocus required autoComplete="off" wrong={ofField(wrong, 'email')} />
        <RoleField value={role} change={setRole} most={most} />
        <InAll wrong={wrong} fields={['email']} />
        <DialogFoot>
          <Button onPress={close}>{t.common.cancel}</Button>
          <Button look="main" type="submit" className={busy ? 'busy' : ''}>{words.send}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { listKeys, makeKey, revokeKey } from '../../api/account'
import { queries } from '../../actions/queries'
import type { Key, Role } from '../../api/panel'
import { curlOf } from '../../model/curl'
import { Button } from '../../parts/Button'
import { Dialog, DialogFoot } from '../../parts/Dialog'
import { State } from '../../parts/State'
import { figures, t } from '../../text'
import { accountText } from '../../text/account'
import { Failed } from '../Failed'
import { openLayer } from '../layers'
import { useHere } from '../session'
import { confirm } from './Confirm'
import { Field, InAll, RoleField, ofField, useSubmit } from './fields'
import { Page, Waiting } from './Page'
import { Shown } from './Shown'

const keysQuery = (client: string) => queryOptions({ queryKey: ['keys', client], queryFn: () => listKeys(client) })
const keysChanged = (client: string) => queries.invalidateQueries({ queryKey: ['keys', client] })

export function Keys() {
  const { client, session } = useHere()
  const { data, error } = useQuery(keysQuery(client.id))
  const [all, showAll] = useState(false)
  const make = () => openLayer((close) => <Make client={client.id} most={client.role} origin={new URL(session.delivery_url).origin} close={close} />)
  const keys = data?.keys ?? []
  const revoked = keys.filter((key) => key.revoked_at).length
  const shown = keys.filter((key) => all || !key.revoked_at)
  return (
    <Page title={accountText.keys.title} lead={accountText.keys.lead} action={<Button look="main" icon="plus" onPress={make}>{accountText.keys.make}</Button>}>
      {error ? <Failed error={error} level={2} again={() => void keysChanged(client.id)} /> : !data ? <Waiting />
        : !shown.length ? <State icon="key" title={accountText.keys.none} hint={accountText.keys.noneHint}><Button look="main" onPress={make}>{accountText.keys.make}</Button></State>
        : <ul className="lines" aria-label={accountText.keys.list}>{shown.map((key) => <Line key={key.id} item={key} client={client.id} />)}</ul>}
      {revoked > 0 && <Button small aria-pressed={all} onPress={() => showAll(!all)}>{all ? accountText.keys.withoutRevoked : accountText.keys.withRevoked(revoked)}</Button>}
    </Page>
  )
}

function standingOf({ revoked_at, expires_at }: Key): string | null {
  if (revoked_at) return accountText.keys.revoked
  if (!expires_at) return null
  return new Date(expires_at) < new Date() ? accountText.keys.expired : accountText.keys.expires(figures.date(expires_at))
}

function Line({ item, client }: { item: Key; client: string }) {
  const words = accountText.keys
  const standing = standingOf(item)
  const revoke = () => confirm({
    title: words.revokeTitle(item.name), hint: words.revokeHint, go: words.revoke, told: words.gone(item.name),
    run: async () => { await revokeKey(client, item.id); await keysChanged(client) },
  })
  const facts = [`${words.created} ${figures.date(item.created_at)}`, item.last_used_at ? `${words.used} ${figures.dateTime(item.last_used_at)}` : words.unused, standing].filter(Boolean)
  return (
    <li className="line" data-off={Boolean(item.revoked_at)}>
      <div className="line-words">
        <p className="line-name"><span className="clip">{item.name}</span><span className="tag">{accountText.roles[item.role]}</span></p>
        <p className="line-facts">{facts.join(' · ')}</p>
      </div>
      {!item.revoked_at && <Button small look="line" aria-label={words.revokeOf(item.name)} onPress={revoke}>{words.revoke}</Button>}
    </li>
  )
}

const DAYS = [0, 30, 90, 365]

function Make({ client, most, origin, close }: { client: string; most: Role; origin: string; close: () => void }) {
  const words = accountText.keys
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('render')
  const [days, setDays] = useState(0)
  const [key, setKey] = useState<string | null>(null)
  const { submit, busy, wrong } = useSubmit(async () => {
    const made = await makeKey(client, { name: name.trim(), role, ...(days && { days }) })
    void keysChanged(client)
    setKey(made.key)
  })
  if (key) {
    return (
      <Shown title={words.shown} hint={words.shownHint} secret={key} label={words.shown} copy={words.copy} copied={words.copied} done={words.done} close={close}>
        <div><h3 className="shown-try">{words.curl}</h3><pre className="code" tabIndex={0}>{`KEY=${key}\n${curlOf(origin, { method: 'GET', path: '/v2/media' })}`}</pre></div>
      </Shown>
    )
  }
  return (
    <Dialog title={words.make} close={close}>
      <form onSubmit={submit}>
        <Field label={words.name} value={name} change={setName} hint={words.nameHint} autoFocus required maxLength={100} autoComplete="off" wrong={ofField(wrong, 'name')} />
        <RoleField value={role} change={setRole} most={most} />
        <div className="field">
          <label htmlFor="key-days">{words.days}</label>
          <select id="key-days" className="input" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {DAYS.map((count) => <option key={count} value={count}>{count ? words.after(count) : words.never}</option>)}
          </select>
        </div>
        <InAll wrong={wrong} fields={['name']} />
        <DialogFoot>
          <Button onPress={close}>{t.common.cancel}</Button>
          <Button look="main" type="submit" className={busy ? 'busy' : ''}>{words.create}</Button>
        </DialogFoot>
      </form>
    </Dialog>
  )
}

// The fields that the forms of these pages are made of.
import { useId, useState } from 'react'
import { ApiError } from '../../api/http'
import { sentenceOf } from '../../actions/failures'
import type { Role } from '../../api/panel'
import { Button } from '../../parts/Button'
import { accountText } from '../../text/account'

type Props = Omit<React.InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'id'> & {
  label: string
  value: string
  change: (next: string) => void
  hint?: string
  /** Why it was not taken. */
  wrong?: string | null
}

export function Field({ label, value, change, hint, wrong, ...rest }: Props) {
  const id = useId()
  const below = wrong ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input {...rest} id={id} value={value} onChange={(event) => change(event.target.value)} aria-invalid={Boolean(wrong)} {...(below ? { 'aria-describedby': `${id}-hint` } : {})} />
      {below && <p id={`${id}-hint`} className={`hint ${wrong ? 'hint--bad' : ''}`}>{below}</p>}
    </div>
  )
}

/** A password, which may be looked at while it is typed. */
export function Password({ label, value, change, hint, wrong, ...rest }: Props) {
  const id = useId()
  const [seen, see] = useState(false)
  const below = wrong ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="password">
        <input {...rest} id={id} type={seen ? 'text' : 'password'} value={value} onChange={(event) => change(event.target.value)} aria-invalid={Boolean(wrong)} spellCheck={false} autoCapitalize="none" {...(below ? { 'aria-describedby': `${id}-hint` } : {})} />
        <Button small icon={seen ? 'eyeOff' : 'eye'} label={seen ? accountText.hidePassword : accountText.showPassword} aria-pressed={seen} onPress={() => see(!seen)} />
      </div>
      {below && <p id={`${id}-hint`} className={`hint ${wrong ? 'hint--bad' : ''}`}>{below}</p>}
    </div>
  )
}

export const ROLES: Role[] = ['viewer', 'render', 'editor', 'manager', 'admin']
/** Nobody gives more than they have. */
export const rolesUpTo = (role: Role): Role[] => ROLES.slice(0, ROLES.indexOf(role) + 1)

export function RoleField({ value, change, most }: { value: Role; change: (next: Role) => void; most: Role }) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{accountText.role}</label>
      <select id={id} className="input" value={value} onChange={(event) => change(event.target.value as Role)} aria-describedby={`${id}-hint`}>
        {rolesUpTo(most).map((role) => <option key={role} value={role}>{accountText.roles[role]}</option>)}
      </select>
      <p id={`${id}-hint`} className="hint">{accountText.roleHints[value]}</p>
    </div>
  )
}

/** Why a form was not taken: of one of its fields, or in all. */
export type Wrong = { field: string | null; why: string } | null

export function wrongOf(failure: unknown): NonNullable<Wrong> {
  if (failure instanceof ApiError && failure.code === 'wrong_credentials') return { field: null, why: accountText.signIn.wrong }
  if (failure instanceof ApiError && failure.code === 'slow_down') return { field: null, why: accountText.signIn.slow(failure.retryAfter ?? 60) }
  const field = failure instanceof ApiError ? (failure.field ?? null) : null
  return { field, why: sentenceOf(failure) }
}

export const ofField = (wrong: Wrong, field: string): string | null => (wrong?.field === field ? wrong.why : null)

/** What is wrong with none of the fields that are shown. */
export function InAll({ wrong, fields }: { wrong: Wrong; fields: string[] }) {
  const shown = wrong && !(wrong.field && fields.includes(wrong.field))
  return <div role="alert">{shown && <p className="wrong">{wrong.why}</p>}</div>
}

/** Runs a form's call: one at a time, with what went wrong kept for its fields. */
export function useSubmit(run: () => Promise<void>): { submit: (event: React.FormEvent) => void; busy: boolean; wrong: Wrong } {
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<Wrong>(null)
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setWrong(null)
    run().catch((failure: unknown) => setWrong(wrongOf(failure))).finally(() => setBusy(false))
  }
  return { submit, busy, wrong }
}

import { useEffect } from 'react'
import { t } from '../../text'
import mark from '../../theme/mark.svg'
import '../../theme/account.css'

/** A page before anybody has signed in: one card, and nothing else. */
export function Alone({ title, lead, children }: { title: string; lead?: string; children: React.ReactNode }) {
  useEffect(() => void (document.title = `${title} · ${t.app.name}`), [title])
  return (
    <main className="alone">
      <div className="alone-card">
        <header><img src={mark} alt={t.app.name} width="44" height="44" /><h1>{title}</h1>{lead && <p>{lead}</p>}</header>
        {children}
      </div>
    </main>
  )
}

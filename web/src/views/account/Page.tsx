import { useEffect } from 'react'
import { Button } from '../../parts/Button'
import { t } from '../../text'
import { useFrame } from '../Shell'
import '../../theme/account.css'
import '../../theme/dialogs.css'

/** A page beside the library: its title, what can be done, and one column to read. */
export function Page({ title, lead, action, children }: { title: string; lead?: string; action?: React.ReactNode; children: React.ReactNode }) {
  const { sideOpen, toggleSide } = useFrame()
  useEffect(() => void (document.title = `${title} · ${t.app.name}`), [title])
  return (
    <div className="sheet">
      <header className="sheet-head">
        <Button icon={sideOpen ? 'side' : 'menu'} label={sideOpen ? t.nav.hideFolders : t.nav.showFolders} aria-expanded={sideOpen} onPress={toggleSide} />
        <h1 className="clip">{title}</h1>
        {action}
      </header>
      <div className="sheet-body" tabIndex={-1}>
        <div className="sheet-column">
          {lead && <p className="sheet-lead">{lead}</p>}
          {children}
        </div>
      </div>
    </div>
  )
}

export function Part({ title, hint, action, children }: { title: string; hint?: string; action?: React.ReactNode; children: React.ReactNode }) {
  return (
    <section className="part">
      <div className="part-head"><div><h2>{title}</h2>{hint && <p>{hint}</p>}</div>{action}</div>
      {children}
    </section>
  )
}

/** Bars where lines will stand. */
export const Waiting = () => <div aria-hidden="true" className="lines">{[0, 1, 2].map((at) => <div key={at} className="line"><div className="skeleton" style={{ height: '1rem', width: `${62 - at * 12}%` }} /></div>)}</div>

import { Link } from '@tanstack/react-router'
import { State } from '../parts/State'
import { t } from '../text'

export function NotFound() {
  return (
    <main className="page-alone">
      <State level={1} icon="search" title={t.states.noPage} hint={t.states.noPageHint}>
        <Link className="button button--main" to="/media/$" params={{ _splat: '' }}>{t.states.toRoot}</Link>
      </State>
    </main>
  )
}

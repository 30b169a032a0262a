import { t } from '../../text'

/** Where folders and files will be, before anything is known. */
export function Skeletons({ view }: { view: 'grid' | 'list' }) {
  return (
    <div className="contents" aria-busy="true">
      <span className="hidden">{t.app.loading}</span>
      <div className={`coming coming--${view}`} aria-hidden="true">
        {Array.from({ length: view === 'grid' ? 18 : 14 }, (_, at) => <div key={at} className="skeleton" />)}
      </div>
    </div>
  )
}

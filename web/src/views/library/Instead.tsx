import { useSyncExternalStore } from 'react'
import { readUploads, watchUploads } from '../../actions/uploads'
import { ApiError } from '../../api/http'
import type { LibrarySearch } from '../../model/url'
import { Button } from '../../parts/Button'
import { State } from '../../parts/State'
import { t } from '../../text'
import { Failed } from '../Failed'
import { pickFiles } from './itemMenu'
import type { Seen } from './useListing'

type Props = { seen: Seen; path: string; search: LibrarySearch; change: (next: Partial<LibrarySearch>) => void; mayWrite: boolean; openFolder: (path: string) => void }

const notThere = (failure: unknown): boolean => failure instanceof ApiError && (failure.status === 404 || failure.status === 400)

/** When there is nothing to show: why, and what to do about it. */
export function Instead(props: Props) {
  const { seen, path, search, change, openFolder } = props
  if (seen.failure && path && notThere(seen.failure)) {
    return <Middle><State icon="folder" title={t.states.noFolder} hint={t.states.noFolderHint}><Button look="main" onPress={() => openFolder('')}>{t.states.toRoot}</Button></State></Middle>
  }
  if (seen.failure) return <Middle><Failed error={seen.failure} level={2} again={seen.again} /></Middle>
  if (search.q || search.type) {
    const hint = search.q ? t.states.nothingFoundHint(search.q) : t.states.nothingOfType
    return (
      <Middle>
        <State icon="search" title={t.states.nothingFound} hint={hint}>
          {search.q && !search.below && <Button look="main" onPress={() => change({ below: true })}>{path ? t.library.scopeBelow : t.states.searchWhole}</Button>}
          <Button look="line" onPress={() => change({ q: undefined, type: undefined, below: undefined })}>{t.states.clearFilters}</Button>
        </State>
      </Middle>
    )
  }
  return <Empty path={path} mayWrite={props.mayWrite} />
}

const Middle = ({ children }: { children: React.ReactNode }) => <div className="instead">{children}</div>

function Empty({ path, mayWrite }: { path: string; mayWrite: boolean }) {
  const uploads = useSyncExternalStore(watchUploads, readUploads)
  if (!mayWrite) return <Middle><State icon="folder" title={t.states.emptyFolder} hint={t.states.emptyViewer} /></Middle>
  const choose = uploads && <Button look="main" icon="upload" onPress={() => pickFiles({ many: true }, (files) => uploads.add(files, path))}>{t.states.upload}</Button>
  if (path) return <Middle><State icon="folder" title={t.states.emptyFolder} hint={t.states.emptyFolderHint}>{choose}</State></Middle>
  return (
    <div className="instead instead--first">
      <State icon="upload" title={t.states.emptyLibrary} hint={t.states.emptyLibraryHint}>{choose}</State>
      <p className="formats">{t.states.emptyLibraryFormats}</p>
      <pre className="code formats-code" aria-hidden="true">{'{\n  "type": "image",\n  "src": "https://…/clients/…/logo.png"\n}'}</pre>
    </div>
  )
}

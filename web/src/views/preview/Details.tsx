import { copyText } from '../../actions/clipboard'
import { downloadFile } from '../../actions/download'
import type { File } from '../../api/schema'
import { dimensionsOf, progressOf } from '../../model/facts'
import { dimensions, duration } from '../../model/format'
import { fileItem, fileKey } from '../../model/listing'
import { elementText } from '../../model/urls'
import { Button } from '../../parts/Button'
import { Icon } from '../../parts/Icon'
import { WithMenu } from '../../parts/Menus'
import { figures, t } from '../../text'
import { askMove, askRemove, showCurl } from '../dialogs/open'
import { type Doing, callsFor, itemMenu, startRename } from '../library/itemMenu'

type Props = { file: File; doing: Doing; close: () => void; renamed: (key: string) => void }

/** Beside the preview: what can be done, the URLs, and what is known. */
export function Details({ file, doing, close, renamed }: Props) {
  return (
    <aside className="details" aria-label={t.preview.details}>
      <Doings file={file} doing={doing} close={close} renamed={renamed} />
      <Urls file={file} />
      <Facts file={file} />
    </aside>
  )
}

function Doings({ file, doing, close, renamed }: Props) {
  const key = fileKey(file)
  const { client, mayWrite } = doing
  // What is beside has a button already, and rename and delete must tell the preview.
  const rest = itemMenu(doing, fileItem(file), [key]).map((group) => ({ entries: group.entries.filter((entry) => entry.id === 'replace') }))
  const more = [
    ...(mayWrite ? [{ entries: [
      { id: 'rename', label: t.actions.rename, icon: 'rename' as const, keys: 'F2', run: () => startRename(doing, key, renamed) },
      { id: 'move', label: t.actions.move, icon: 'move' as const, run: () => askMove(client, [key], close) },
    ] }, ...rest] : []),
    { entries: [{ id: 'curl', label: t.actions.curl, icon: 'code' as const, run: () => showCurl(callsFor([key], mayWrite)) }] },
    ...(mayWrite ? [{ entries: [{ id: 'delete', label: t.actions.delete, icon: 'trash' as const, keys: 'Del', danger: true, run: () => askRemove(client, [key], close) }] }] : []),
  ]
  return (
    <div className="details-do">
      <Button look="main" icon="link" onPress={() => void copyText(file.url, t.told.urlCopied)}>{t.preview.copyUrl}</Button>
      <Button look="line" icon="download" onPress={() => downloadFile(file)} isDisabled={file.status !== 'uploaded'}>{t.actions.download}</Button>
      <WithMenu label={t.library.actionsFor(file.displayName)} groups={more}><Button look="line" icon="more" label={t.library.actionsFor(file.displayName)} /></WithMenu>
    </div>
  )
}

function Urls({ file }: { file: File }) {
  const element = file.type === 'other' ? null : elementText(file)
  return (
    <section className="details-part">
      <h3>{t.preview.urls}</h3>
      <Url name={t.preview.stable} hint={t.preview.stableHint} url={file.url} copy={t.preview.copyUrl} />
      {file.immutableUrl && <Url name={t.preview.immutable} hint={t.preview.immutableHint} url={file.immutableUrl} copy={t.preview.copyImmutable} />}
      {element && (
        <div className="details-url">
          <h4>{t.preview.element}</h4>
          <pre className="code" tabIndex={0} aria-label={t.preview.element}>{element}</pre>
          <Button small icon="copy" className="details-copy" label={t.preview.copyElement} onPress={() => void copyText(element)} />
        </div>
      )}
    </section>
  )
}

function Url({ name, hint, url, copy }: { name: string; hint: string; url: string; copy: string }) {
  return (
    <div className="details-url">
      <h4>{name}</h4>
      <p className="details-hint">{hint}</p>
      <a className="details-link mono" href={url} target="_blank" rel="noopener noreferrer">{url}</a>
      <Button small icon="copy" className="details-copy" label={copy} onPress={() => void copyText(url, t.told.urlCopied)} />
    </div>
  )
}

type Fact = [name: string, value: string | null | undefined]

function factsOf(file: File): Fact[] {
  const { metadata } = file
  const size = dimensionsOf(file)
  const { video, audio, image } = metadata ?? {}
  const channels = audio && (audio.channels === 1 ? t.preview.mono : audio.channels === 2 ? t.preview.stereo : figures.count(audio.channels))
  return [
    [t.preview.dimensions, size && dimensions(size.width, size.height)],
    [t.preview.duration, metadata?.duration_ms ? duration(metadata.duration_ms) : null],
    [t.preview.frames, image && image.frames > 1 ? figures.count(image.frames) : null],
    [t.preview.video, video?.codec],
    [t.preview.frameRate, video?.frame_rate ? t.preview.fps(figures.decimal(video.frame_rate)) : null],
    [t.preview.audio, audio && [audio.codec, channels, `${figures.decimal(audio.sample_rate / 1000, 1)} kHz`].filter(Boolean).join(', ')],
    [t.preview.bitRate, metadata?.bit_rate ? figures.rate(metadata.bit_rate) : null],
    [t.preview.loudness, metadata?.sound?.loudness_lufs != null ? `${figures.decimal(metadata.sound.loudness_lufs, 1)} LUFS` : null],
    [t.preview.size, `${figures.bytes(file.size)} (${figures.count(file.size)} B)`],
    [t.preview.type, metadata?.mime ?? file.contentType],
    [t.preview.folder, file.folder || t.library.root],
    [t.preview.displayName, file.displayName === file.name ? null : file.displayName],
    [t.preview.title, metadata?.tags?.title], [t.preview.artist, metadata?.tags?.artist], [t.preview.album, metadata?.tags?.album],
    [t.preview.added, figures.dateTime(file.created_at)],
    [t.preview.modified, figures.dateTime(file.modified_at)],
    [t.preview.expires, file.expires_at ? figures.dateTime(file.expires_at) : null],
  ]
}

function Facts({ file }: { file: File }) {
  const progress = progressOf(file)
  return (
    <section className="details-part">
      <h3>{t.preview.details}</h3>
      {progress !== 'ready' && <p className="details-state" data-bad={progress === 'failed' || progress === 'import-failed'}><Icon name="info" />{t.progress[progress]}{file.processingError ? `: ${file.processingError}` : ''}</p>}
      {file.notice && <p className="details-state"><Icon name="info" />{file.notice}</p>}
      <dl className="facts">
        {factsOf(file).map(([name, value]) => value && <div key={name}><dt>{name}</dt><dd className="num">{value}</dd></div>)}
      </dl>
      {file.sha256 && (
        <div className="details-url">
          <h4>{t.preview.hash}</h4>
          <p className="mono details-hash">{file.sha256}</p>
          <Button small icon="copy" className="details-copy" label={t.preview.copyHash} onPress={() => void copyText(file.sha256 ?? '')} />
        </div>
      )}
    </section>
  )
}

import type { Messages } from './index'
import { counting } from './plural'

const n = counting('de')
const zahl = (count: number) => new Intl.NumberFormat('de').format(count)
const files = (count: number) => n(count, 'Datei', 'Dateien')
const folders = (count: number) => n(count, 'Ordner', 'Ordner')
const items = (count: number) => n(count, 'Eintrag', 'Einträge')

export const de: Messages = {
  app: { name: 'Reelshelf', skip: 'Zu den Dateien springen', loading: 'Wird geladen…' },
  nav: {
    media: 'Medien', keys: 'API-Schlüssel', people: 'Personen', account: 'Konto', signOut: 'Abmelden', menu: 'Konto und Einstellungen',
    folders: 'Ordner', showFolders: 'Ordner einblenden', hideFolders: 'Ordner ausblenden', switchClient: 'Mandanten wechseln', client: 'Mandant', keyboard: 'Tastenkürzel',
  },
  common: {
    cancel: 'Abbrechen', close: 'Schließen', save: 'Speichern', retry: 'Noch einmal versuchen', undo: 'Rückgängig', copy: 'Kopieren', copied: 'Kopiert', done: 'Fertig', more: 'Mehr', back: 'Zurück',
    dismiss: 'Ausblenden', files, folders, items,
  },
  errors: {
    offline: 'Keine Verbindung. Die Änderung wurde nicht gemacht.',
    unreachable: 'Der Server war nicht zu erreichen. Die Änderung wurde nicht gemacht.',
    unknown: 'Etwas ging schief. Es wurde nichts geändert.',
    server: 'Der Server hatte ein Problem. Es wurde nichts geändert; bitte gleich noch einmal versuchen.',
    slow: (seconds) => `Zu viele Anfragen. In ${n(seconds, 'Sekunde', 'Sekunden')} noch einmal versuchen.`,
    copy: 'Der Browser hat das Kopieren nicht erlaubt.',
    several: (failed, of, first) => `${items(failed)} von ${of} gingen nicht: ${first}`,
  },
  library: {
    title: 'Medien', root: 'Alle Dateien', search: 'Suchen', searchHere: 'In diesem Ordner suchen', searchAll: 'In der ganzen Bibliothek suchen', clearSearch: 'Suche leeren',
    scopeHere: 'Dieser Ordner', scopeBelow: 'Hier und darunter', scopeAll: 'Ganze Bibliothek', uploadFiles: 'Dateien…', uploadFolder: 'Einen Ordner…', fromUrl: 'Von einer URL…', scope: 'Wo gesucht wird',
    upload: 'Hochladen', newFolder: 'Neuer Ordner', sort: 'Sortieren', view: 'Ansicht', grid: 'Raster', list: 'Liste', filter: 'Art',
    types: { all: 'Alle', image: 'Bilder', video: 'Videos', audio: 'Audio', other: 'Andere' },
    sorts: { name: 'Name, A bis Z', '-name': 'Name, Z bis A', '-date': 'Datum, neueste zuerst', date: 'Datum, älteste zuerst', '-size': 'Größe, größte zuerst', size: 'Größe, kleinste zuerst', type: 'Art, A bis Z', '-type': 'Art, Z bis A' },
    columns: { name: 'Name', size: 'Größe', type: 'Art', modified: 'Geändert', details: 'Einzelheiten', select: 'Auswählen', actions: 'Aktionen' },
    contents: (where) => `Inhalt von ${where}`,
    summary: (folderCount, fileCount, size) => [folderCount ? folders(folderCount) : '', fileCount || !folderCount ? files(fileCount) : '', size].filter(Boolean).join(' · '),
    found: (count) => `${items(count)} gefunden`,
    inFolder: (path) => `in ${path || 'Alle Dateien'}`,
    select: (name) => `${name} auswählen`,
    selected: (count) => `${items(count)} ausgewählt`,
    actionsFor: (name) => `Aktionen für ${name}`,
    folderFigures: (count, size) => (count ? `${files(count)}, ${size}` : 'Leer'),
    kind: { image: 'Bild', video: 'Video', audio: 'Audio', other: 'Datei', folder: 'Ordner', animation: 'Animation' },
    temporary: 'Vorübergehend: verschwindet nach einigen Tagen von selbst',
    play: (name) => `${name} abspielen`, pause: (name) => `${name} anhalten`,
    liveOff: 'Änderungen anderer sind gerade nicht zu sehen. Verbindung wird wiederhergestellt…',
    dropHere: (where) => `Loslassen, um nach ${where} hochzuladen`,
    loadingRow: 'Wird geladen',
  },
  progress: { pending: 'Wartet auf seine Bytes', importing: 'Wird importiert', 'import-failed': 'Import misslungen', processing: 'Wird verarbeitet', failed: 'Ließ sich nicht verarbeiten', ready: 'Bereit' },
  actions: {
    open: 'Öffnen', copyUrl: 'URL kopieren', copyUrls: 'URLs kopieren', asLines: 'Als Zeilen', asJson: 'Als JSON', asCsv: 'Als CSV', rename: 'Umbenennen', move: 'In Ordner verschieben…', replace: 'Ersetzen…', download: 'Herunterladen', downloadZip: 'Herunterladen (ZIP)',
    delete: 'Löschen…', deleteSelected: 'Auswahl löschen', moveSelected: 'Verschieben…', selectAll: 'Alle auswählen', clearSelection: 'Auswahl aufheben', curl: 'Als API-Aufruf zeigen…', newFolderIn: 'Neuer Ordner darin…', openFolder: 'Ordner öffnen', bar: 'Aktionen für die Auswahl', uploadHere: 'Hierher hochladen…',
  },
  told: {
    urlCopied: 'URL kopiert', urlsCopied: (count) => `${n(count, 'URL', 'URLs')} kopiert`, textCopied: 'Kopiert',
    moved: (count, where) => `${items(count)} nach ${where} verschoben`, movedOne: (name, where) => `„${name}“ nach ${where} verschoben`,
    renamed: (name) => `In „${name}“ umbenannt`, made: (name) => `Ordner „${name}“ angelegt`, deleted: (count) => `${items(count)} gelöscht`,
    undone: 'Rückgängig gemacht', zipping: 'Das ZIP wird vorbereitet…', nothingToCopy: 'Nur Dateien haben URLs; es ist keine ausgewählt.', collecting: 'Die ganze Auswahl wird gelesen…',
    already: 'Das liegt schon in diesem Ordner.',
  },
  rename: { title: 'Umbenennen', label: 'Neuer Name', becomes: (name) => `In der Bibliothek wird es „${name}“ heißen.`, empty: 'Ein Name fehlt.', same: 'So heißt es schon.', urlChanges: 'Mit dem Namen ändert sich die URL.' },
  newFolder: { title: 'Neuer Ordner', label: 'Name', inside: (where) => `In ${where}`, make: 'Ordner anlegen', becomes: (name) => `In der Bibliothek wird er „${name}“ heißen.`, taken: 'Einen Ordner dieses Namens gibt es hier schon.' },
  move: { title: (count) => `${items(count)} verschieben`, label: 'Ordner', search: 'Ordner finden', move: 'Hierher verschieben', to: (where) => `Nach ${where}`, cannot: 'Dorthin lässt sich nichts verschieben.', none: 'Kein Ordner heißt so.' },
  remove: {
    title: (count) => `${items(count)} löschen?`, titleOne: (name) => `„${name}“ löschen?`, reckoning: 'Es wird festgestellt, was verschwindet…',
    goes: 'Das verschwindet endgültig:', files, folders, urls: (count) => `${n(count, 'URL funktioniert', 'URLs funktionieren')} sofort nicht mehr. Filme, die ${count === 1 ? 'sie' : 'eine davon'} benutzen, scheitern an diesem Element.`, noUrls: 'Keine URL hört auf zu funktionieren.',
    list: 'Betroffene URLs', more: (count) => `und ${zahl(count)} weitere`, type: (name) => `„${name}“ eingeben, um den Ordner und alles darin zu löschen`, confirm: 'Löschen', changed: 'Inzwischen hat sich etwas geändert. Das sind die neuen Zahlen.', cannot: 'Diese lassen sich nicht löschen:',
  },
  preview: {
    label: (name) => `Vorschau von ${name}`, previous: 'Vorige', next: 'Nächste', position: (at, of) => `${zahl(at)} von ${zahl(of)}`, details: 'Einzelheiten', showDetails: 'Einzelheiten einblenden', hideDetails: 'Einzelheiten ausblenden',
    fit: 'Einpassen', actual: '100 %', zoomIn: 'Vergrößern', zoomOut: 'Verkleinern', zoom: 'Zoom', image: (name) => `${name}, lässt sich vergrößern und mit den Pfeiltasten bewegen`,
    dimensions: 'Maße', duration: 'Dauer', codec: 'Codec', video: 'Video', audio: 'Audio', frameRate: 'Bildrate', fps: (rate) => `${rate} Bilder/s`, size: 'Größe', type: 'Typ', added: 'Hinzugefügt', modified: 'Geändert', expires: 'Verschwindet', hash: 'SHA-256', folder: 'Ordner', bitRate: 'Bitrate', sampleRate: 'Abtastrate', channels: 'Kanäle', loudness: 'Lautheit', frames: 'Einzelbilder', color: 'Farbe', title: 'Titel', artist: 'Interpret', album: 'Album', displayName: 'Gegebener Name',
    stable: 'Stabile URL', stableHint: 'Bleibt gleich, wenn die Datei ersetzt wird.', immutable: 'Unveränderliche URL', immutableHint: 'Genau diese Bytes, für immer; antwortet, solange eine Datei sie hat.', copyUrl: 'URL kopieren', copyImmutable: 'Unveränderliche URL kopieren', element: 'JSON-Element', copyElement: 'JSON-Element kopieren', copyHash: 'Hash kopieren', urls: 'URLs',
    pending: 'Die Bytes dieser Datei sind noch nicht da.', importing: 'Diese Datei wird von einem anderen Server geholt.', importFailed: 'Der Import ist misslungen.', processing: 'Wird verarbeitet. Herunterladen geht schon.', failed: 'Diese Datei ließ sich nicht verarbeiten.', downloadOriginal: 'Original herunterladen', noPreview: 'Für diese Art von Datei gibt es keine Vorschau.', gone: 'Diese Datei ist nicht mehr da.', goneHint: 'Sie wurde verschoben, umbenannt oder gelöscht.', notPlayable: 'Dieser Browser kann das Format nicht abspielen.', mono: 'Mono', stereo: 'Stereo',
  },
  player: { play: 'Abspielen', pause: 'Anhalten', mute: 'Stumm', unmute: 'Ton an', volume: 'Lautstärke', seek: 'Position', fullscreen: 'Vollbild', time: (at, of) => `${at} von ${of}`, speed: 'Tempo', waveform: 'Wellenform' },
  storage: {
    title: 'Speicher', used: (used, limit) => `${used} von ${limit}`, unlimited: (used) => `${used} belegt`, reserved: (size) => `${size} reserviert für laufende Uploads`, derived: (size) => `${size} Vorschaubilder, nicht mitgezählt`, temporary: (size) => `${size} vorübergehend, nicht mitgezählt`,
    warn: 'Der Speicher wird voll.', urgent: 'Der Speicher ist fast voll.', full: 'Der Speicher ist voll. Uploads werden abgelehnt, bis wieder Platz ist.', blocked: 'Uploads sind für diesen Mandanten gesperrt.', whatToDo: 'Nicht mehr gebrauchte Dateien löschen, oder beim Betreiber dieses Servers um einen größeren Plan bitten.', whatToDoBlocked: 'Der Betreiber dieses Servers kann die Sperre aufheben. Alles, was da ist, bleibt und wird ausgeliefert.', show: 'Einzelheiten zum Speicher',
  },
  states: {
    emptyLibrary: 'Die Bibliothek ist leer', emptyLibraryHint: 'Bilder, Videos und Audio hierher ziehen, oder ganze Ordner: ihr Aufbau bleibt erhalten. Jede Datei bekommt eine URL, die in jedem Film-JSON benutzt werden kann.', emptyLibraryFormats: 'PNG, JPG, GIF, BMP, TIFF, WebP · MP4, MOV, WebM · MP3, WAV, FLAC, AAC, Opus, OGG',
    emptyFolder: 'Dieser Ordner ist leer', emptyFolderHint: 'Dateien hierher ziehen, oder aus anderen Ordnern hierher verschieben.', emptyViewer: 'Hier liegt noch nichts.',
    nothingFound: 'Nichts gefunden', nothingFoundHint: (what) => `Kein Name enthält hier „${what}“.`, nothingOfType: 'Von dieser Art gibt es hier nichts.', clearFilters: 'Alles zeigen', searchWhole: 'Ganze Bibliothek durchsuchen',
    noPermission: 'Das ist nicht zu sehen', noPermissionHint: 'Die eigene Rolle reicht nicht so weit. Wer diesen Mandanten verwaltet, kann das ändern.', offline: 'Keine Verbindung', offlineHint: 'Sobald es wieder eine gibt, sind die Dateien da.', offlineBar: 'Keine Verbindung. Was zu sehen ist, kann veraltet sein.',
    unreachable: 'Der Server ist nicht zu erreichen', unreachableHint: 'Vielleicht startet er gerade neu, oder etwas steht dazwischen. Diese Seite versucht es von selbst wieder.',
    serverError: 'Der Server hat ein Problem', serverErrorHint: 'Es liegt nicht an Ihnen. Nichts ging verloren; bitte gleich noch einmal versuchen.', noFolder: 'Diesen Ordner gibt es nicht', noFolderHint: 'Er wurde verschoben, umbenannt oder gelöscht.', toRoot: 'Zu allen Dateien', noPage: 'Diese Seite gibt es nicht', noPageHint: 'Die Adresse ist vertippt oder veraltet.', noClient: 'Sie gehören noch zu keinem Mandanten', noClientHint: 'Bitten Sie jemanden, der einen verwaltet, um eine Einladung.', upload: 'Dateien wählen',
  },
  curl: { title: 'Als API-Aufrufe', hint: 'Dasselbe mit curl. Vorher den API-Schlüssel in die Variable KEY schreiben.', copy: 'Befehle kopieren' },
  keys: {
    title: 'Tastenkürzel', single: 'Kürzel aus einem einzigen Zeichen, wie / und ?', move: 'Bewegen', extend: 'Bereich auswählen', toggle: 'Auswählen oder nicht', open: 'Öffnen', delete: 'Löschen', rename: 'Umbenennen', all: 'Alle auswählen', copy: 'URLs kopieren', clear: 'Auswahl aufheben, oder schließen', search: 'Suchen', help: 'Diese Liste', upload: 'Hochladen', newFolder: 'Neuer Ordner', up: 'Einen Ordner hinauf', menu: 'Menü des Eintrags', preview: 'Vorige und nächste in der Vorschau', zoom: 'Zoom in der Vorschau', view: 'Raster oder Liste',
    groups: { library: 'In der Bibliothek', preview: 'In der Vorschau', everywhere: 'Überall' },
  },
  toast: { region: 'Meldungen' },
}

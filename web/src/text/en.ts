import { counting } from './plural'

const n = counting('en')
const files = (count: number) => n(count, 'file', 'files')
const folders = (count: number) => n(count, 'folder', 'folders')
const items = (count: number) => n(count, 'item', 'items')

export const en = {
  app: { name: 'Reelshelf', skip: 'Skip to the files', loading: 'Loading…' },
  nav: {
    media: 'Media', keys: 'API keys', people: 'People', account: 'Account', signOut: 'Sign out', menu: 'Account and settings',
    folders: 'Folders', showFolders: 'Show folders', hideFolders: 'Hide folders', switchClient: 'Switch client', client: 'Client', keyboard: 'Keyboard shortcuts',
  },
  common: {
    cancel: 'Cancel', close: 'Close', save: 'Save', retry: 'Try again', undo: 'Undo', copy: 'Copy', copied: 'Copied', done: 'Done', more: 'More', back: 'Back',
    dismiss: 'Dismiss', files, folders, items,
  },
  errors: {
    offline: 'You are offline. The change was not made.',
    unreachable: 'The server could not be reached. The change was not made.',
    unknown: 'Something went wrong. Nothing was changed.',
    server: 'The server had a problem. Nothing was changed; try again in a moment.',
    slow: (seconds: number) => `Too many requests. Try again in ${n(seconds, 'second', 'seconds')}.`,
    copy: 'The browser did not allow copying.',
    several: (failed: number, of: number, first: string) => `${n(failed, 'item', 'items')} of ${of} did not work: ${first}`,
  },
  library: {
    title: 'Media', root: 'All files', search: 'Search', searchHere: 'Search in this folder', searchAll: 'Search the whole library', clearSearch: 'Clear the search',
    scopeHere: 'This folder', scopeBelow: 'Here and below', scopeAll: 'Whole library', uploadFiles: 'Files…', uploadFolder: 'A folder…', fromUrl: 'From a URL…', scope: 'Where to search',
    upload: 'Upload', newFolder: 'New folder', sort: 'Sort', view: 'View', grid: 'Grid', list: 'List', filter: 'Type',
    types: { all: 'All', image: 'Images', video: 'Videos', audio: 'Audio', other: 'Other' },
    sorts: { name: 'Name, A to Z', '-name': 'Name, Z to A', '-date': 'Date, newest first', date: 'Date, oldest first', '-size': 'Size, largest first', size: 'Size, smallest first', type: 'Type, A to Z', '-type': 'Type, Z to A' },
    columns: { name: 'Name', size: 'Size', type: 'Type', modified: 'Modified', details: 'Details', select: 'Select', actions: 'Actions' },
    contents: (where: string) => `Contents of ${where}`,
    summary: (folderCount: number, fileCount: number, size: string) => [folderCount ? folders(folderCount) : '', fileCount || !folderCount ? files(fileCount) : '', size].filter(Boolean).join(' · '),
    found: (count: number) => `${items(count)} found`,
    inFolder: (path: string) => `in ${path || 'All files'}`,
    select: (name: string) => `Select ${name}`,
    selected: (count: number) => `${n(count, 'item', 'items')} selected`,
    actionsFor: (name: string) => `Actions for ${name}`,
    folderFigures: (count: number, size: string) => (count ? `${files(count)}, ${size}` : 'Empty'),
    kind: { image: 'Image', video: 'Video', audio: 'Audio', other: 'File', folder: 'Folder', animation: 'Animation' },
    temporary: 'Temporary: goes by itself after a few days',
    play: (name: string) => `Play ${name}`,
    pause: (name: string) => `Pause ${name}`,
    liveOff: 'Changes by others are not shown at the moment. Reconnecting…',
    dropHere: (where: string) => `Drop to upload into ${where}`,
    loadingRow: 'Loading',
  },
  progress: {
    pending: 'Waiting for its bytes', importing: 'Importing', 'import-failed': 'Import failed', processing: 'Processing', failed: 'Could not be processed', ready: 'Ready',
  },
  actions: {
    open: 'Open', copyUrl: 'Copy URL', copyUrls: 'Copy URLs', asLines: 'As lines', asJson: 'As JSON', asCsv: 'As CSV', rename: 'Rename', move: 'Move to folder…', replace: 'Replace…', download: 'Download', downloadZip: 'Download (ZIP)',
    delete: 'Delete…', deleteSelected: 'Delete selected', moveSelected: 'Move…', selectAll: 'Select all', clearSelection: 'Clear the selection', curl: 'Show as API call…', newFolderIn: 'New folder here…', openFolder: 'Open folder', bar: 'Actions for the selection', uploadHere: 'Upload here…',
  },
  told: {
    urlCopied: 'URL copied', urlsCopied: (count: number) => `${n(count, 'URL', 'URLs')} copied`, textCopied: 'Copied',
    moved: (count: number, where: string) => `${items(count)} moved to ${where}`, movedOne: (name: string, where: string) => `“${name}” moved to ${where}`,
    renamed: (name: string) => `Renamed to “${name}”`, made: (name: string) => `Folder “${name}” made`, deleted: (count: number) => `${items(count)} deleted`,
    undone: 'Undone', zipping: 'The ZIP is being prepared…', nothingToCopy: 'Only files have URLs; none is selected.', collecting: 'Reading the whole selection…',
    already: 'It is in this folder already.',
  },
  rename: { title: 'Rename', label: 'New name', becomes: (name: string) => `The library will call it “${name}”.`, empty: 'A name is needed.', same: 'That is its name already.', urlChanges: 'Its URL changes with its name.' },
  newFolder: { title: 'New folder', label: 'Name', inside: (where: string) => `In ${where}`, make: 'Make folder', becomes: (name: string) => `The library will call it “${name}”.`, taken: 'A folder of this name is there already.' },
  move: { title: (count: number) => `Move ${items(count)}`, label: 'Folders', search: 'Find a folder', move: 'Move here', to: (where: string) => `To ${where}`, cannot: 'Nothing can be moved there.', none: 'No folder is called that.' },
  remove: {
    title: (count: number) => `Delete ${items(count)}?`, titleOne: (name: string) => `Delete “${name}”?`, reckoning: 'Finding out what goes…',
    goes: 'This goes, for good:', files, folders, urls: (count: number) => `${n(count, 'URL stops', 'URLs stop')} working at once. Movies that use ${count === 1 ? 'it' : 'them'} will fail on that element.`, noUrls: 'No URL stops working.',
    list: 'URLs that stop', more: (count: number) => `and ${new Intl.NumberFormat('en').format(count)} more`, type: (name: string) => `Type “${name}” to delete the folder and all that is in it`, confirm: 'Delete', changed: 'Something has changed since. These are the new figures.', cannot: 'These cannot be deleted:',
  },
  preview: {
    label: (name: string) => `Preview of ${name}`, previous: 'Previous', next: 'Next', position: (at: number, of: number) => `${new Intl.NumberFormat('en').format(at)} of ${new Intl.NumberFormat('en').format(of)}`, details: 'Details', showDetails: 'Show details', hideDetails: 'Hide details',
    fit: 'Fit', actual: '100 %', zoomIn: 'Zoom in', zoomOut: 'Zoom out', zoom: 'Zoom', image: (name: string) => `${name}, can be zoomed and moved with the arrow keys`,
    dimensions: 'Dimensions', duration: 'Duration', codec: 'Codec', video: 'Video', audio: 'Audio', frameRate: 'Frame rate', fps: (rate: string) => `${rate} fps`, size: 'Size', type: 'Type', added: 'Added', modified: 'Modified', expires: 'Goes', hash: 'SHA-256', folder: 'Folder', bitRate: 'Bit rate', sampleRate: 'Sample rate', channels: 'Channels', loudness: 'Loudness', frames: 'Frames', color: 'Colour', title: 'Title', artist: 'Artist', album: 'Album', displayName: 'Given name',
    stable: 'Stable URL', stableHint: 'Stays the same when the file is replaced.', immutable: 'Immutable URL', immutableHint: 'These very bytes, for ever; answers while a file has them.', copyUrl: 'Copy URL', copyImmutable: 'Copy immutable URL', element: 'JSON element', copyElement: 'Copy JSON element', copyHash: 'Copy hash', urls: 'URLs',
    pending: 'The bytes of this file are not here yet.', importing: 'This file is being fetched from another server.', importFailed: 'The import did not work.', processing: 'Being processed. It can be downloaded already.', failed: 'This file could not be processed.', downloadOriginal: 'Download the original', noPreview: 'There is no preview for this type of file.', gone: 'This file is no longer there.', goneHint: 'It was moved, renamed or deleted.', notPlayable: 'This browser cannot play this format.', mono: 'mono', stereo: 'stereo',
  },
  player: { play: 'Play', pause: 'Pause', mute: 'Mute', unmute: 'Unmute', volume: 'Volume', seek: 'Position', fullscreen: 'Full screen', time: (at: string, of: string) => `${at} of ${of}`, speed: 'Speed', waveform: 'Waveform' },
  storage: {
    title: 'Storage', used: (used: string, limit: string) => `${used} of ${limit}`, unlimited: (used: string) => `${used} used`, reserved: (size: string) => `${size} reserved by uploads under way`, derived: (size: string) => `${size} of thumbnails and previews, not counted`, temporary: (size: string) => `${size} temporary, not counted`,
    warn: 'The storage is getting full.', urgent: 'The storage is almost full.', full: 'The storage is full. Uploads are refused until there is room.', blocked: 'Uploads are blocked for this client.', whatToDo: 'Delete files that are no longer needed, or ask who runs this server for a larger plan.', whatToDoBlocked: 'Ask who runs this server to release it. Everything that is here stays and is delivered.', show: 'Storage details',
  },
  states: {
    emptyLibrary: 'Your library is empty', emptyLibraryHint: 'Drop images, videos and audio here, or whole folders: their structure is kept. Each file gets a URL that you can use in any movie JSON.', emptyLibraryFormats: 'PNG, JPG, GIF, BMP, TIFF, WebP · MP4, MOV, WebM · MP3, WAV, FLAC, AAC, Opus, OGG',
    emptyFolder: 'This folder is empty', emptyFolderHint: 'Drop files here, or move some in from other folders.', emptyViewer: 'Nothing was put here yet.',
    nothingFound: 'Nothing found', nothingFoundHint: (what: string) => `No name here contains “${what}”.`, nothingOfType: 'There is nothing of this type here.', clearFilters: 'Show everything', searchWhole: 'Search the whole library',
    noPermission: 'You may not see this', noPermissionHint: 'Your role does not reach this far. Somebody who manages this client can change it.', offline: 'You are offline', offlineHint: 'As soon as there is a connection again, the files are here.', offlineBar: 'You are offline. What you see may be out of date.',
    unreachable: 'The server cannot be reached', unreachableHint: 'It may be restarting, or something stands between. This page tries again by itself.',
    serverError: 'The server has a problem', serverErrorHint: 'It is not you. Nothing was lost; try again in a moment.', noFolder: 'This folder is not there', noFolderHint: 'It was moved, renamed or deleted.', toRoot: 'Go to all files', noPage: 'There is no such page', noPageHint: 'The address may be mistyped or old.', noClient: 'You belong to no client yet', noClientHint: 'Ask somebody who manages one to invite you.', upload: 'Choose files',
  },
  curl: { title: 'As API calls', hint: 'The same with curl. Put your API key into the variable KEY first.', copy: 'Copy commands' },
  keys: {
    title: 'Keyboard shortcuts', single: 'Shortcuts of a single character, such as / and ?', move: 'Move around', extend: 'Select a range', toggle: 'Select or deselect', open: 'Open', delete: 'Delete', rename: 'Rename', all: 'Select all', copy: 'Copy URLs', clear: 'Clear the selection, or close', search: 'Search', help: 'This list', upload: 'Upload', newFolder: 'New folder', up: 'Up one folder', menu: 'Menu of the item', preview: 'Previous and next in the preview', zoom: 'Zoom in the preview', view: 'Grid or list',
    groups: { library: 'In the library', preview: 'In the preview', everywhere: 'Everywhere' },
  },
  toast: { region: 'Messages' },
}

import { counting } from './plural'

const n = counting('en')
const plain = (count: number) => new Intl.NumberFormat('en').format(count)
const files = (count: number) => n(count, 'file', 'files')

/** The upload queue. */
export const upload = {
  region: 'Uploads', title: (done: number, of: number) => `Uploaded ${plain(done)} of ${files(of)}`,
  finished: (count: number) => `${files(count)} uploaded`, paused: (left: number) => `Paused, ${files(left)} left`, failedSome: (count: number) => `${files(count)} could not be uploaded`, interrupted: 'No connection. The upload goes on by itself.',
  figures: (sent: string, of: string) => `${sent} of ${of}`, total: 'All uploads',
  left: (unit: 'second' | 'minute' | 'hour', count: number) => `${n(count, unit, `${unit}s`)} left`,
  states: { waiting: 'Waiting', sending: 'Starting', finishing: 'Finishing', paused: 'Paused', broken: 'No connection; goes on by itself', done: 'Uploaded', absent: 'Needs its file again', held: 'The library had it already; nothing was sent' },
  pause: 'Pause', resume: 'Resume', cancel: 'Cancel', retry: 'Try again', remove: 'Remove from the list',
  of: (action: string, name: string) => `${action}: ${name}`,
  pauseAll: 'Pause all', resumeAll: 'Resume all', retryAll: 'Retry failed', cancelAll: 'Cancel all', close: 'Close the list', fold: 'Hide the list', unfold: 'Show the list', progress: (name: string) => `Progress of ${name}`,
  before: (count: number) => `${n(count, 'upload was', 'uploads were')} under way when the panel was closed. Choose or drop the same files again, and they go on where they stopped.`,
  beforeHandles: (count: number) => `${n(count, 'upload was', 'uploads were')} under way when the panel was closed.`,
  goOn: 'Continue', chooseAgain: 'Choose the files…', forget: 'Forget them',
  broken: 'There was no connection.', unreadable: 'The file can no longer be read. Was it moved or changed?',
  noRoom: (size: string, left: string) => `Does not fit: ${size}, and ${left} of storage is left.`,
  tooLarge: (size: string, most: string) => `Too large: ${size}, and one file may have ${most}.`,
  empty: 'The file is empty.',
  refused: (count: number, first: string) => `${n(count, 'file was', 'files were')} not taken. ${first}`,
  cancelledAll: (count: number) => `${n(count, 'upload', 'uploads')} cancelled`,
  taken: {
    title: (count: number) => `${n(count, 'name is', 'names are')} taken`, one: (name: string, where: string) => `“${name}” is in ${where} already.`,
    many: (count: number) => `${n(count, 'file', 'files')} of these would have a name that is there already.`,
    both: 'Keep both', replace: 'Replace', skip: 'Skip', each: 'Decide each', back: 'Decide for all', apply: 'Go on', replaceHint: 'Replacing keeps the URL and changes what it shows.', choice: (name: string) => `What to do with ${name}`, list: 'Names that are taken',
  },
  import: { title: 'Import from a URL', label: 'Address of the file', hint: (where: string) => `The server fetches it into ${where}. You may close the panel meanwhile.`, wrong: 'An address begins with http:// or https://.', go: 'Import' },
  importing: 'The import has begun. The file shows how far it is.',
  pasted: (count: number) => `${n(count, 'file', 'files')} pasted`,
}

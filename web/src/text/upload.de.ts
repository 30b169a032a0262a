import type { upload as english } from './upload.en'
import { counting } from './plural'

const n = counting('de')
const files = (count: number) => n(count, 'Datei', 'Dateien')
const units = { second: ['Sekunde', 'Sekunden'], minute: ['Minute', 'Minuten'], hour: ['Stunde', 'Stunden'] } as const

export const upload: typeof english = {
  region: 'Uploads', title: (done, of) => `${new Intl.NumberFormat('de').format(done)} von ${files(of)} hochgeladen`,
  finished: (count) => `${files(count)} hochgeladen`, paused: (left) => `Angehalten, noch ${files(left)}`, failedSome: (count) => `${files(count)} nicht hochgeladen`, interrupted: 'Keine Verbindung. Es geht von selbst weiter.',
  figures: (sent, of) => `${sent} von ${of}`, total: 'Alle Uploads',
  left: (unit, count) => `noch ${n(count, units[unit][0], units[unit][1])}`,
  states: { waiting: 'Wartet', sending: 'Beginnt', finishing: 'Wird abgeschlossen', paused: 'Angehalten', broken: 'Keine Verbindung; geht von selbst weiter', done: 'Hochgeladen', absent: 'Braucht die Datei noch einmal', held: 'War schon in der Bibliothek; nichts wurde gesendet' },
  pause: 'Anhalten', resume: 'Fortsetzen', cancel: 'Abbrechen', retry: 'Noch einmal versuchen', remove: 'Aus der Liste nehmen',
  of: (action, name) => `${action}: ${name}`,
  pauseAll: 'Alle anhalten', resumeAll: 'Alle fortsetzen', retryAll: 'Fehlgeschlagene wiederholen', cancelAll: 'Alle abbrechen', close: 'Liste schließen', fold: 'Liste verbergen', unfold: 'Liste zeigen', progress: (name) => `Fortschritt von ${name}`,
  before: (count) => `${n(count, 'Upload war', 'Uploads waren')} im Gange, als das Panel geschlossen wurde. Wählen Sie dieselben Dateien noch einmal oder ziehen Sie sie herein: Es geht dort weiter, wo es aufgehört hat.`,
  beforeHandles: (count) => `${n(count, 'Upload war', 'Uploads waren')} im Gange, als das Panel geschlossen wurde.`,
  goOn: 'Fortsetzen', chooseAgain: 'Dateien wählen…', forget: 'Vergessen',
  broken: 'Es gab keine Verbindung.', unreadable: 'Die Datei ist nicht mehr lesbar. Wurde sie verschoben oder geändert?',
  noRoom: (size, left) => `Passt nicht: ${size}, und ${left} Speicher ist frei.`,
  tooLarge: (size, most) => `Zu groß: ${size}, und eine Datei darf ${most} haben.`,
  empty: 'Die Datei ist leer.',
  refused: (count, first) => `${n(count, 'Datei wurde', 'Dateien wurden')} nicht angenommen. ${first}`,
  cancelledAll: (count) => `${n(count, 'Upload', 'Uploads')} abgebrochen`,
  taken: {
    title: (count) => `${n(count, 'Name ist', 'Namen sind')} vergeben`, one: (name, where) => `„${name}“ gibt es in ${where} schon.`,
    many: (count) => `${n(count, 'Datei hätte', 'Dateien hätten')} einen Namen, den es schon gibt.`,
    both: 'Beide behalten', replace: 'Ersetzen', skip: 'Auslassen', each: 'Einzeln entscheiden', back: 'Für alle entscheiden', apply: 'Weiter', replaceHint: 'Ersetzen behält die URL und ändert, was sie zeigt.', choice: (name) => `Was mit ${name} geschieht`, list: 'Vergebene Namen',
  },
  import: { title: 'Von einer URL holen', label: 'Adresse der Datei', hint: (where) => `Der Server holt sie nach ${where}. Das Panel darf dabei geschlossen werden.`, wrong: 'Eine Adresse beginnt mit http:// oder https://.', go: 'Holen' },
  importing: 'Der Import hat begonnen. Die Datei zeigt, wie weit er ist.',
  pasted: (count) => `${n(count, 'Datei', 'Dateien')} eingefügt`,
}

// The message catalogue. `t` is chosen once, before anything is drawn; keys and arguments are typed by the English one.
import { makeFigures } from '../model/format'
import { en } from './en'

type Loose<T> = T extends string ? string : T extends (...given: infer Given) => string ? (...given: Given) => string : { [K in keyof T]: Loose<T[K]> }

/** What every language must have. */
export type Messages = Loose<typeof en>

export let t: Messages = en
export let language = 'en'
export let figures = makeFigures('en')

const OTHERS: Record<string, () => Promise<Messages>> = { de: async () => (await import('./de')).de }

/** Takes the first of these languages that there is. */
export async function chooseLanguage(wanted: readonly string[]): Promise<void> {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0] ?? ''
    const load = OTHERS[base]
    if (base !== 'en' && !load) continue
    t = load ? await load() : en
    language = base
    // The region of the person says how dates and figures look.
    figures = makeFigures(tag)
    return
  }
}

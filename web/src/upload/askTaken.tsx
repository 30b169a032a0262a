// Asks once for a batch what becomes of names that are taken.
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, useState } from 'react'
import { placeName } from '../actions/library'
import { Button } from '../parts/Button'
import { Dialog, DialogFoot } from '../parts/Dialog'
import { uploadText } from '../text/upload'
import { openLayer } from '../views/layers'
import type { Choice, Wish } from './plan'

/** What was decided for each, by its place; null when the batch was called off. */
export type Decided = Map<number, Choice> | null

export const askTaken = (taken: readonly Wish[]): Promise<Decided> =>
  new Promise((resolve) => openLayer((close) => <Taken taken={taken} answer={(decided) => { close(); resolve(decided) }} />))

type Props = { taken: readonly Wish[]; answer: (decided: Decided) => void }

const CHOICES: Choice[] = ['both', 'replace', 'skip']

function Taken({ taken, answer }: Props) {
  const [each, decideEach] = useState(false)
  const [choices, setChoices] = useState<ReadonlyMap<number, Choice>>(new Map())
  const first = taken[0]
  const all = (choice: Choice) => answer(new Map(taken.map((_, at) => [at, choice])))
  if (!first) return null
  const said = taken.length === 1 ? uploadText.taken.one(first.name, placeName(first.folder)) : uploadText.taken.many(taken.length)
  return (
    <Dialog title={uploadText.taken.title(taken.length)} close={() => answer(null)}>
      <p className="taken-said">{said}</p>
      {each && <Each taken={taken} choices={choices} choose={(at, choice) => setChoices(new Map(choices).set(at, choice))} />}
      {!each && taken.length > 1 && <ul className="taken-some">{taken.slice(0, 4).map(({ folder, name }) => <li key={`${folder}/${name}`} className="clip">{name}</li>)}{taken.length > 4 && <li>…</li>}</ul>}
      <p className="hint">{uploadText.taken.replaceHint}</p>
      <DialogFoot>
        {taken.length > 1 && <Button className="taken-each" onPress={() => decideEach(!each)}>{each ? uploadText.taken.back : uploadText.taken.each}</Button>}
        {each ? <Button look="main" onPress={() => answer(new Map(taken.map((_, at) => [at, choices.get(at) ?? 'both'])))}>{uploadText.taken.apply}</Button> : (
          <>
            <Button look="line" onPress={() => all('skip')}>{uploadText.taken.skip}</Button>
            <Button look="line" onPress={() => all('replace')}>{uploadText.taken.replace}</Button>
            <Button look="main" autoFocus onPress={() => all('both')}>{uploadText.taken.both}</Button>
          </>
        )}
      </DialogFoot>
    </Dialog>
  )
}

const LINE = 48

function Each({ taken, choices, choose }: { taken: readonly Wish[]; choices: ReadonlyMap<number, Choice>; choose: (at: number, choice: Choice) => void }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: taken.length, getScrollElement: () => scroller.current, estimateSize: () => LINE, overscan: 8 })
  return (
    <div className="taken-list" ref={scroller} role="list" aria-label={uploadText.taken.list} tabIndex={0}>
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const wish = taken[index]
          return wish && (
            <div key={index} role="listitem" aria-posinset={index + 1} aria-setsize={taken.length} className="taken-line" style={{ transform: `translateY(${start}px)` }}>
              <span className="clip" title={wish.name}>{wish.name}<span className="taken-where">{placeName(wish.folder)}</span></span>
              <select className="input" aria-label={uploadText.taken.choice(wish.name)} value={choices.get(index) ?? 'both'} onChange={(event) => choose(index, event.target.value as Choice)}>
                {CHOICES.map((choice) => <option key={choice} value={choice}>{uploadText.taken[choice]}</option>)}
              </select>
            </div>
          )
        })}
      </div>
    </div>
  )
}

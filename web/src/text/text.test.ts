import { expect, it } from 'vitest'
import { de } from './de'
import { en } from './en'
import { type Messages, chooseLanguage, figures, language, t } from './index'

type Leaf = [path: string, value: unknown]

const leaves = (tree: object, path = ''): Leaf[] =>
  Object.entries(tree).flatMap(([name, value]: [string, unknown]) => (typeof value === 'object' && value !== null ? leaves(value, `${path}${name}.`) : [[`${path}${name}`, value] as Leaf]))

it('has every message in every language, and no other', () => {
  const english = leaves(en).map(([path]) => path)
  expect(leaves(de).map(([path]) => path).sort()).toEqual(english.sort())
})

it('has no empty message, and keeps what it is given', () => {
  for (const messages of [en, de] as Messages[]) {
    for (const [path, value] of leaves(messages)) {
      if (typeof value === 'string') expect(value, path).not.toBe('')
    }
    expect(messages.told.movedOne('a.png', 'brand')).toMatch(/a\.png.*brand/)
    expect(messages.library.selected(1)).not.toBe(messages.library.selected(2).replace('2', '1'))
  }
})

it('takes the first language of the person that there is', async () => {
  await chooseLanguage(['fr-FR', 'de-AT', 'en'])
  expect([language, t.nav.signOut, figures.bytes(1_500_000)]).toEqual(['de', 'Abmelden', '1,5 MB'])
  await chooseLanguage(['en-GB'])
  expect([language, t.nav.signOut]).toEqual(['en', 'Sign out'])
})

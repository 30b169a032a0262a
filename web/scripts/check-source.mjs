// Holds the architecture of the panel by reading its source. Prints each offence, and fails if there was any.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../src', import.meta.url))

const rules = [
  { says: 'only api/ talks to the server', words: /\bfetch\(|\bXMLHttpRequest\b|\bEventSource\b|\bsendBeacon\b/, except: /^(api|upload)\// },
  { says: 'parts/ know neither server nor actions', words: /from '\.\.?\/(?:\.\.\/)*(api|actions|views|upload)\//, only: /^parts\//, except: /\.test\./ },
  { says: 'model/ is pure: no React, no server, no document', words: /from '(react|@tanstack|react-aria)|from '\.\.\/(api\/(?!schema|panel)|actions|views|parts)|\b(document|window|localStorage)\./, only: /^model\// },
  { says: 'api/ knows no views', words: /from '\.\.\/(views|parts|actions)\//, only: /^api\// },
  { says: 'no HTML from text', words: /dangerouslySetInnerHTML|\.innerHTML\s*=|\beval\(/ },
  { says: 'say why it is not checked, or check it', words: /@ts-ignore|@ts-nocheck|as any\b|: any\b/ },
  { says: 'a test is never skipped', words: /\b(it|test|describe)\.(skip|only|todo)\b/ },
]

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (/\.(ts|tsx|css)$/.test(entry.name)) yield path
  }
}

const offences = []
for (const path of files(source)) {
  const name = relative(source, path).split(sep).join('/')
  const lines = readFileSync(path, 'utf8').split('\n')
  for (const { says, words, only, except } of rules) {
    if ((only && !only.test(name)) || except?.test(name)) continue
    lines.forEach((line, at) => {
      if (words.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line)) offences.push(`src/${name}:${at + 1}: ${says}: ${line.trim()}`)
    })
  }
}
for (const offence of offences) console.error(offence)
process.exit(offences.length ? 1 : 0)

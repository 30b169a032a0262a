// Adds up the script that is loaded before the first picture, compressed, and fails above the budget.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'

const BUDGET_KB = 200
const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'))
const seen = new Set()

// The library page is split from the entry, and is needed before a picture can show.
function take(key) {
  if (seen.has(key)) return
  seen.add(key)
  for (const next of manifest[key].imports ?? []) take(next)
}
take('index.html')
const library = Object.keys(manifest).find((key) => key.endsWith('views/library/LibraryPage.tsx'))
if (library) take(library)

let total = 0
for (const key of seen) {
  const file = manifest[key].file
  if (!file.endsWith('.js')) continue
  const size = gzipSync(readFileSync(dist + file)).length / 1000
  total += size
  console.log(`${size.toFixed(1).padStart(7)} kB gz  ${file}`)
}
console.log(`${total.toFixed(1).padStart(7)} kB gz  before the first picture, of ${BUDGET_KB}`)
process.exit(total > BUDGET_KB ? 1 : 0)

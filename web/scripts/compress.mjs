// Writes a compressed copy beside each file of the built panel that gets smaller by it: the server sends what a browser takes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const text = /\.(css|html|js|json|svg|txt|webmanifest)$/

for (const name of readdirSync(dist, { recursive: true })) {
  if (!text.test(name)) continue
  const path = join(dist, name)
  const whole = readFileSync(path)
  for (const [ending, compress] of [['.br', brotliCompressSync], ['.gz', gzipSync]]) {
    const less = compress(whole)
    if (less.length < whole.length) writeFileSync(path + ending, less)
  }
}

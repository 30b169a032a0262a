// Small files of every kind that the library looks into, made here: each has bytes of its own.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A PNG of one colour for each number. */
export function png(number, width = 48, height = 32) {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const colour = [(number * 47) % 256, (number * 89 + 60) % 256, (number * 131 + 120) % 256]
  const row = Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()])
  const pixels = Buffer.concat(Array.from({ length: height }, () => row))
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('tEXt', Buffer.from(`Comment\0${number}`)), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))])
}

/** A WAV of a fifth of a second. */
export function wav(number) {
  const samples = 1600
  const data = Buffer.alloc(44 + samples * 2)
  data.write('RIFF', 0)
  data.writeUInt32LE(36 + samples * 2, 4)
  data.write('WAVEfmt ', 8)
  data.writeUInt32LE(16, 16)
  data.writeUInt16LE(1, 20)
  data.writeUInt16LE(1, 22)
  data.writeUInt32LE(8000, 24)
  data.writeUInt32LE(16000, 28)
  data.writeUInt16LE(2, 32)
  data.writeUInt16LE(16, 34)
  data.write('data', 36)
  data.writeUInt32LE(samples * 2, 40)
  for (let at = 0; at < samples; at += 1) data.writeInt16LE(Math.round(8000 * Math.sin((at * (200 + number * 7) * 2 * Math.PI) / 8000)), 44 + at * 2)
  return data
}

/** So many files in nested folders; gives how many lie in each. */
export function nested(root, count) {
  const folders = ['', 'raw', 'raw/day 1', 'raw/day 2', 'sound']
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true })
  mkdirSync(join(root, 'empty'), { recursive: true })
  const counts = new Map()
  for (let number = 0; number < count; number += 1) {
    const folder = folders[number % folders.length]
    const [name, bytes] = number % 3 === 0 ? [`tone ${number}.wav`, wav(number)] : number % 3 === 1 ? [`frame ${number}.png`, png(number)] : [`note ${number}.txt`, Buffer.from(`Note ${number}\n`)]
    writeFileSync(join(root, folder, name), bytes)
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return counts
}

/** A large file of bytes that no other has. */
export function large(path, bytes) {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(1024 * 1024)
  for (let sent = 0; sent < bytes; sent += block.length) {
    block.fill(sent / block.length)
    block.writeUInt32LE(sent / block.length, 0)
    writeSync(file, block, 0, Math.min(block.length, bytes - sent))
  }
  closeSync(file)
}

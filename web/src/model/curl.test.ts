import { expect, it } from 'vitest'
import { curlOf, deleteCalls, moveCalls, quoted, renameCall, uploadCall } from './curl'

it('quotes for a shell', () => {
  expect(quoted('a/b.png')).toBe('a/b.png')
  expect(quoted("it's")).toBe(`'it'\\''s'`)
})

it('writes the call with the key as a variable', () => {
  expect(curlOf('https://x.test', renameCall('a/b.png', 'c.png'))).toBe(
    `curl \\\n  -X PUT \\\n  -H "x-api-key: $KEY" \\\n  -H 'content-type: application/json' \\\n  -d '{"path":"a/b.png","new_name":"c.png"}' \\\n  https://x.test/v2/media`,
  )
})

it('sends files together and folders one by one', () => {
  expect(moveCalls(['a.png', 'b/', 'c.png'], 'd')).toEqual([
    { method: 'PUT', path: '/v2/media', body: { paths: ['a.png', 'c.png'], destination: 'd' } },
    { method: 'PUT', path: '/v2/media/folder', body: { folder: 'b', destination: 'd' } },
  ])
  expect(deleteCalls(['b/']).map((call) => call.path)).toEqual(['/v2/media/folder'])
})

it('uploads by a form', () => {
  expect(curlOf('https://x.test', uploadCall('a'))).toBe(
    `curl \\\n  -H "x-api-key: $KEY" \\\n  -F folder=a \\\n  -F file=@picture.png \\\n  https://x.test/v2/media`,
  )
})

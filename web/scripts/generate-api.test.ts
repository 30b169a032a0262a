import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
// @ts-expect-error: a plain script, without types
import { generate, read } from './generate-api.mjs'

it('has a client that is as fresh as docs/openapi.json', () => {
  const written = (name: string) => readFileSync(new URL(`../src/api/${name}.ts`, import.meta.url), 'utf8')
  const texts = generate(read())
  expect(written('schema'), 'run `npm run api`').toBe(texts.schema)
  expect(written('operations'), 'run `npm run api`').toBe(texts.operations)
})

it('writes what a document says', () => {
  const document = {
    components: { schemas: { A: { type: 'object', required: ['b'], properties: { b: { type: ['integer', 'null'] }, c: { type: 'array', items: { $ref: '#/x/A' } } } } } },
    paths: { '/a': { get: { parameters: [{ in: 'query', name: 'q' }], responses: { 200: { content: { j: { schema: { $ref: '#/x/A' } } } } } } } },
  }
  const texts: { schema: string; operations: string } = generate(document)
  expect(texts.schema).toContain('export type A = {\n  b: number | null\n  c?: A[]\n}')
  expect(texts.operations).toContain('"GET /a": {\n    query: { q?: Said }\n    body: never\n    answer: A\n  }')
})

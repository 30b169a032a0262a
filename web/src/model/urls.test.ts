import { expect, it } from 'vitest'
import type { File } from '../api/schema'
import { elementText, urlsAs } from './urls'

const file = { name: 'b.png', folder: 'a', type: 'image', size: 5, url: 'https://x.test/a/b.png', immutableUrl: null } as File
const odd = { ...file, name: '=1+1', folder: '', type: 'other', url: 'https://x.test/"q",' } as File

it('writes the element ready to paste', () => {
  expect(JSON.parse(elementText(file))).toEqual({ type: 'image', src: 'https://x.test/a/b.png' })
})

it('writes lines, JSON and CSV', () => {
  expect(urlsAs('lines', [file, odd])).toBe('https://x.test/a/b.png\nhttps://x.test/"q",')
  expect(JSON.parse(urlsAs('json', [file, odd]))).toEqual([{ type: 'image', src: file.url }, { src: odd.url }])
  expect(urlsAs('csv', [file, odd]).split('\r\n')).toEqual([
    'path,type,size,url,immutable_url',
    'a/b.png,image,5,https://x.test/a/b.png,',
    `'=1+1,other,5,"https://x.test/""q"",",`,
  ])
})

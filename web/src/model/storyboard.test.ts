import { expect, it } from 'vitest'
import { parseStoryboard, sceneAt } from './storyboard'

const text = `WEBVTT

00:00.000 --> 00:02.000
storyboard.webp#xywh=0,0,160,90

NOTE not a cue

01:00:02.000 --> 01:00:04.500
storyboard.webp#xywh=160,0,160,90
`

it('reads cues, and passes over what is none', () => {
  const scenes = parseStoryboard(text, 'https://x.test/derived/a/b/storyboard.vtt')
  expect(scenes).toEqual([
    { start: 0, end: 2, src: 'https://x.test/derived/a/b/storyboard.webp', x: 0, y: 0, width: 160, height: 90 },
    { start: 3602, end: 3604.5, src: 'https://x.test/derived/a/b/storyboard.webp', x: 160, y: 0, width: 160, height: 90 },
  ])
})

it('finds the scene of a time, and the nearest beyond the ends', () => {
  const scenes = parseStoryboard(text, 'https://x.test/s.vtt')
  expect([0, 1.9, 3601, 3603, 9999].map((time) => sceneAt(scenes, time)?.start)).toEqual([0, 0, 0, 3602, 3602])
  expect(sceneAt([], 1)).toBeUndefined()
})

// The pictures of a film on one sheet, and the WebVTT that says which is when.

export type Scene = { start: number; end: number; src: string; x: number; y: number; width: number; height: number }

const seconds = (stamp: string): number => stamp.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

/** Reads cues with `sheet.webp#xywh=x,y,w,h`; addresses are relative to that of the text. */
export function parseStoryboard(text: string, base: string): Scene[] {
  const scenes: Scene[] = []
  for (const block of text.split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/)
    const times = lines.findIndex((line) => line.includes('-->'))
    const target = lines[times + 1]?.trim()
    const [start, end] = (lines[times] ?? '').split('-->').map((stamp) => seconds(stamp.trim().split(' ')[0] ?? ''))
    const box = /#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)/.exec(target ?? '')
    if (!target || !box || start === undefined || end === undefined || Number.isNaN(start + end)) continue
    const [x = 0, y = 0, width = 0, height = 0] = box.slice(1).map(Number)
    scenes.push({ start, end, src: new URL(target.slice(0, box.index), base).href, x, y, width, height })
  }
  return scenes
}

/** The scene at a time, by halving: a long film has hundreds. */
export function sceneAt(scenes: readonly Scene[], time: number): Scene | undefined {
  let [low, high] = [0, scenes.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((scenes[middle]?.start ?? 0) <= time) low = middle
    else high = middle - 1
  }
  return scenes[low]
}

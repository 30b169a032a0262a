// How fast bytes go, over the last seconds, and how long the rest takes at that.

const WINDOW_MS = 8000
const LEAST_MS = 800

export class Pace {
  private samples: { at: number; sent: number }[] = []

  add(at: number, sent: number): void {
    // Less than before: something was taken back, and what was measured says nothing any more.
    if (sent < (this.samples.at(-1)?.sent ?? 0)) this.samples = []
    this.samples.push({ at, sent })
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > WINDOW_MS) this.samples.shift()
  }

  /** Bytes a second; null while that cannot be said. */
  get speed(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)]
    if (!first || !last || last.at - first.at < LEAST_MS) return null
    return ((last.sent - first.sent) * 1000) / (last.at - first.at)
  }

  secondsFor(bytes: number): number | null {
    const { speed } = this
    return speed === null || speed <= 0 ? null : bytes / speed
  }

  forget(): void {
    this.samples = []
  }
}

export type TimeLeft = { unit: 'second' | 'minute' | 'hour'; count: number }

/** In the unit in which people would say it. */
export function timeLeft(seconds: number): TimeLeft {
  if (seconds < 55) return { unit: 'second', count: Math.max(1, seconds < 10 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5) }
  if (seconds < 55 * 60) return { unit: 'minute', count: Math.ceil(seconds / 60) }
  return { unit: 'hour', count: Math.ceil(seconds / 3600) }
}

/** How long to wait before the next try, in milliseconds. */
export const patience = (tries: number): number => Math.min(20_000, 500 * 2 ** Math.min(tries, 6))

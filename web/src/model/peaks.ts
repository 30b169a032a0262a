// From the server's waveform to as many bars as are to be seen.

type Peaks = { channels: number; bits: number; length: number; data: readonly number[] }

/** The greatest swing of each stretch, between 0 and 1, over all channels. */
export function barsOf({ channels, bits, length, data }: Peaks, most: number): number[] {
  const bars = Math.max(1, Math.min(most, length))
  const full = 2 ** (bits - 1)
  return Array.from({ length: length ? bars : 0 }, (_, bar) => {
    const from = Math.floor((bar * length) / bars) * channels * 2
    const to = Math.floor(((bar + 1) * length) / bars) * channels * 2
    let swing = 0
    for (let at = from; at < to; at += 1) swing = Math.max(swing, Math.abs(data[at] ?? 0))
    return Math.min(1, swing / full)
  })
}

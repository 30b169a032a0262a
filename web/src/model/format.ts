// Figures as people read them.

export type Figures = {
  bytes: (bytes: number) => string
  count: (count: number) => string
  date: (iso: string) => string
  dateTime: (iso: string) => string
  percent: (share: number) => string
  rate: (bitsPerSecond: number) => string
  speed: (bytesPerSecond: number) => string
  decimal: (value: number, digits?: 0 | 1 | 2) => string
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

/** Three figures that mean something: 9.54 MB, 95.4 MB, 954 MB. */
export function makeFigures(language: string): Figures {
  const whole = new Intl.NumberFormat(language)
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 })
  const decimals = [0, 1, 2].map((digits) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }))
  const decimal = (value: number, digits: 0 | 1 | 2 = 2) => (decimals[digits] ?? whole).format(value)
  // Made once: making one takes longer than drawing the row that it is for.
  const units = UNITS.map((unit) => new Intl.NumberFormat(language, { style: 'unit', unit, maximumSignificantDigits: 3 }))
  const bytes = (value: number) => {
    let step = 0
    let rest = value
    while (rest >= 999.5 && step < UNITS.length - 1) [rest, step] = [rest / 1000, step + 1]
    if (step === 0) return `${whole.format(value)} B`
    return (units[step] ?? whole).format(rest)
  }
  return {
    bytes,
    decimal,
    count: (value) => whole.format(value),
    date: (iso) => day.format(new Date(iso)),
    dateTime: (iso) => moment.format(new Date(iso)),
    percent: (value) => share.format(value),
    speed: (value) => `${bytes(value)}/s`,
    rate: (value) => (value >= 1_000_000 ? `${decimal(value / 1_000_000)} Mbit/s` : `${decimal(value / 1000, 0)} kbit/s`),
  }
}

/** 0:07, 3:25, 1:02:03. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

export const dimensions = (width: number, height: number): string => `${width} × ${height}`

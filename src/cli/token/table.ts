import { claimMeanings, headerMeanings, momentClaims } from '../../bearer/claim-meanings.ts'
import { printable } from '../terminal-text.ts'

type Members = Readonly<Record<string, unknown>>

/** Header and claims as a table of name, value and meaning, with readable times. `now` is in milliseconds since the epoch. */
export function tokenTable(header: Members, claims: Members, now: number): string {
  return ['Header', ...rows(header, headerMeanings, now), '', 'Claims', ...rows(claims, claimMeanings, now), ''].join(
    '\n',
  )
}

function rows(members: Members, meanings: Readonly<Record<string, string>>, now: number): string[] {
  const width = Math.max(0, ...Object.keys(members).map((name) => name.length))
  return Object.entries(members).map(([name, value]) => {
    const meaning = Object.hasOwn(meanings, name) ? meanings[name] : undefined
    const shown = momentClaims.includes(name) && typeof value === 'number' ? moment(value, now) : JSON.stringify(value)
    return `  ${name.padEnd(width)}  ${printable(shown)}${meaning === undefined ? '' : `  (${meaning})`}`
  })
}

function moment(seconds: number, now: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return `${seconds}, which is not a time`
  const iso = date.toISOString().replace('T', ' ').replace('.000Z', ' UTC')
  return `${seconds}  ${iso}, ${distance(seconds * 1000 - now)}`
}

const units: [ms: number, unit: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** A time relative to now, in its largest unit only: `in 3 h`, `5 min ago`. */
export function distance(ms: number): string {
  const size = Math.abs(ms)
  const [unitMs, unit] = units.find(([each]) => size >= each) ?? [1_000, 's']
  const amount = `${Math.floor(size / unitMs)} ${unit}`
  return ms >= 0 ? `in ${amount}` : `${amount} ago`
}

import { z } from 'zod'

import { refuse } from './refuse.ts'

/** A length of time in milliseconds. */
export type Milliseconds = number

const msPerUnit = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const pattern = /^(\d{1,15})(ms|s|m|h|d)$/
const shape = 'a duration with a unit: ms, s, m, h or d'

/** Reads `30s`, `15m`, `8h`, `7d` or `500ms` as milliseconds; undefined when it is none of these. */
export function parseDuration(text: string): Milliseconds | undefined {
  const [, amount, unit] = pattern.exec(text) ?? []
  if (amount === undefined || unit === undefined) return undefined
  return Number(amount) * Number(msPerUnit.get(unit))
}

/** Writes milliseconds in the largest unit that divides them: `900000` is `15m`. */
export function formatDuration(ms: Milliseconds): string {
  const fits = ([, unitMs]: [string, number]) => ms % unitMs === 0 && ms >= unitMs
  const [unit, unitMs] = [...msPerUnit].findLast(fits) ?? ['ms', 1]
  return `${ms / unitMs}${unit}`
}

function durationFix(text: string, min: string, max: string): string {
  if (/^\d+$/.test(text)) return `add a unit: ${text}s, ${text}m or ${text}h`
  const [, amount, unit] = /^\s*(\d+)\s*(ms|[smhd])/i.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) return `write ${amount}${unit.toLowerCase()}`
  return `write for example ${min} or ${max}`
}

/** A duration option within bounds (both included). */
export function duration({ min, max }: { min: string; max: string }) {
  const minMs = Number(parseDuration(min))
  const maxMs = Number(parseDuration(max))
  return z
    .string(shape)
    .transform((text, context): Milliseconds => {
      const ms = parseDuration(text)
      if (ms === undefined) return refuse(context, shape, durationFix(text, min, max))
      if (ms < minMs || ms > maxMs)
        return refuse(context, `between ${min} and ${max}`, 'choose a duration in this range')
      return ms
    })
    .meta({ pattern: pattern.source, 'x-unit': 'duration', 'x-bounds': `${min} to ${max}` })
}

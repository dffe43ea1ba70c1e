import { z } from 'zod'

import { refuse } from './refuse.ts'

/** A size in bytes. */
export type Bytes = number

const bytesPerUnit = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])
const pattern = /^(\d{1,12})(B|KiB|MiB|GiB)$/
const shape = 'a size with a unit: B, KiB, MiB or GiB'

/** Reads `512B`, `64KiB`, `10MiB` or `1GiB` as bytes; undefined when it is none of these. */
export function parseSize(text: string): Bytes | undefined {
  const [, amount, unit] = pattern.exec(text) ?? []
  if (amount === undefined || unit === undefined) return undefined
  return Number(amount) * Number(bytesPerUnit.get(unit))
}

/** Writes bytes in the largest unit that divides them: `65536` is `64KiB`. */
export function formatSize(bytes: Bytes): string {
  const fits = ([, unitBytes]: [string, number]) => bytes % unitBytes === 0 && bytes >= unitBytes
  const [unit, unitBytes] = [...bytesPerUnit].findLast(fits) ?? ['B', 1]
  return `${bytes / unitBytes}${unit}`
}

/** A size option within bounds (both included). */
export function size({ min, max }: { min: string; max: string }) {
  const minBytes = Number(parseSize(min))
  const maxBytes = Number(parseSize(max))
  return z
    .string(shape)
    .transform((text, context): Bytes => {
      const bytes = parseSize(text)
      if (bytes === undefined) return refuse(context, shape, `write for example ${min} or ${max}`)
      if (bytes < minBytes || bytes > maxBytes) {
        return refuse(context, `between ${min} and ${max}`, 'choose a size in this range')
      }
      return bytes
    })
    .meta({ pattern: pattern.source, 'x-unit': 'size', 'x-bounds': `${min} to ${max}` })
}

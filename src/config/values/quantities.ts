import { z } from 'zod'

/** Adds a problem to a zod parse: the expected value, and the fix. */
export function refuse(context: z.RefinementCtx, expected: string, fix: string): never {
  context.addIssue({ code: 'custom', message: expected, params: { fix } })
  return z.NEVER
}

/** Makes a refinement run even if other options of its section are invalid, so that all problems are reported at once. */
export const always = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null }

/** A whole number within bounds (inclusive). A string of digits is accepted, because `${PORT}` always gives a string. */
export function wholeNumber({ min, max }: { min: number; max: number }) {
  const expected = `a whole number between ${min} and ${max}`
  return z
    .union([z.int(expected).min(min, expected).max(max, expected), z.string().regex(/^\d+$/, expected)], expected)
    .transform((value, context): number => {
      const number = Number(value)
      return number >= min && number <= max ? number : refuse(context, expected, 'choose a number in this range')
    })
}

/** A share from 0 (none) to 1 (all). A string is accepted here, too. */
export function ratio() {
  const expected = 'a number from 0 to 1'
  const number = z.number(expected).min(0, expected).max(1, expected)
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d?\.?\d+$/.test(value) ? Number(value) : value),
    number,
  )
}

/** `true` or `false`. Text is accepted, because `${NAME}` always gives a string. */
export function flag() {
  const words = new Map<unknown, boolean>([
    ['true', true],
    ['false', false],
  ])
  return z.preprocess((value) => words.get(value) ?? value, z.boolean('true or false'))
}

/** A TCP port to listen on; 0 lets the system choose a free one. */
export const port = () => wholeNumber({ min: 0, max: 65_535 })

/** The notation for an amount with a unit, such as `15m` or `64KiB`. Values are in the smallest unit. */
type Notation = {
  units: ReadonlyMap<string, number>
  pattern: RegExp
  expected: string
  name: string
  /** Units that a bare number may have been meant in, the likeliest first. */
  usual: readonly string[]
  /** Other spellings of units, in lower case. */
  spelling: readonly (readonly [spelling: RegExp, unit: string])[]
}

function parse(text: string, { units, pattern }: Notation): number | undefined {
  const [, amount, unit] = pattern.exec(text) ?? []
  return amount === undefined || unit === undefined ? undefined : Number(amount) * Number(units.get(unit))
}

/** Writes a value in the largest unit that divides it. 0 gets the smallest unit. */
function format(value: number, { units }: Notation): string {
  let written = ''
  for (const [unit, factor] of units) {
    if (written === '' || (value % factor === 0 && value >= factor)) written = `${value / factor}${unit}`
  }
  return written
}

type Bounds = { min: string; max: string }

/** An option in a notation, within bounds (inclusive). */
function quantity(notation: Notation, { min, max }: Bounds) {
  const { pattern, expected, name } = notation
  const [least, most] = [Number(parse(min, notation)), Number(parse(max, notation))]
  const isWithin = (value: number): boolean => value >= least && value <= most
  const quantityText = z.string(expected).transform((text, context): number => {
    const value = parse(text, notation)
    if (value !== undefined && isWithin(value)) return value
    const example = `write for example ${min} or ${max}`
    if (/^\d+$/.test(text)) return refuse(context, expected, unitFix(Number(text), notation, isWithin) ?? example)
    const meant = value ?? meantBy(text, notation)
    if (meant === undefined) return refuse(context, expected, example)
    if (isWithin(meant)) return refuse(context, expected, `write ${format(meant, notation)}`)
    return refuse(context, `between ${min} and ${max}`, `choose a ${name} in this range`)
  })
  // In YAML `5` is a number. Treat it like `"5"`, which lacks a unit.
  return z
    .preprocess((value) => (typeof value === 'number' ? String(value) : value), quantityText)
    .meta({ pattern: pattern.source, 'x-unit': name, 'x-bounds': `${min} to ${max}` })
}

/** The value that was meant by `1 hour`, `1h30m`, `64 KB` or `-5m`; undefined if that is unclear. */
function meantBy(text: string, { units, spelling }: Notation): number | undefined {
  const part = /(\d+)\s*([a-z]+)/g
  const lower = text.toLowerCase()
  if (lower.replaceAll(part, '').replaceAll(/[\s,]|^-/g, '') !== '') return undefined
  const amounts = [...lower.matchAll(part)].map(([, amount, word = '']) => {
    const unit = spelling.find(([written]) => written.test(word))?.[1] ?? ''
    return Number(amount) * (units.get(unit) ?? Number.NaN)
  })
  const sum = amounts.reduce((total, amount) => total + amount, 0)
  return amounts.length === 0 || Number.isNaN(sum) ? undefined : sum
}

/** Suggests units for a number without one, if the result is within bounds; undefined if no unit fits. */
function unitFix(amount: number, notation: Notation, isWithin: (value: number) => boolean): string | undefined {
  const likely = notation.usual.map((unit) => ({ unit, value: amount * Number(notation.units.get(unit)) }))
  const written = likely
    .filter(({ value }) => isWithin(value))
    .map(({ unit, value }) => (unit === 'B' ? format(value, notation) : `${amount}${unit}`))
  if (written.length === 0) return undefined
  return `add a unit: ${[written.slice(0, -1).join(', '), written.at(-1)].filter(Boolean).join(' or ')}`
}

/** A number with a noun: `1 writer`, `2 writers`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** A length of time in milliseconds. */
export type Milliseconds = number

const durations: Notation = {
  units: new Map([
    ['ms', 1],
    ['s', 1000],
    ['m', 60_000],
    ['h', 3_600_000],
    ['d', 86_400_000],
  ]),
  pattern: /^(\d{1,15})(ms|s|m|h|d)$/,
  expected: 'a duration with a unit: ms, s, m, h or d',
  name: 'duration',
  usual: ['s', 'm', 'h'],
  spelling: [
    [/^(?:ms|msecs?|millis|milliseconds?)$/, 'ms'],
    [/^(?:s|secs?|seconds?)$/, 's'],
    [/^(?:m|mins?|minutes?)$/, 'm'],
    [/^(?:h|hrs?|hours?)$/, 'h'],
    [/^(?:d|days?)$/, 'd'],
  ],
}

/** Parses `30s`, `15m`, `8h`, `7d` or `500ms` as milliseconds; undefined for any other text. */
export const parseDuration = (text: string): Milliseconds | undefined => parse(text, durations)

/** Formats milliseconds: `900000` as `15m`. */
export const formatDuration = (ms: Milliseconds): string => format(ms, durations)

/** A duration option within bounds (inclusive). */
export const duration = (bounds: Bounds) => quantity(durations, bounds)

const sizes: Notation = {
  units: new Map([
    ['B', 1],
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
    ['GiB', 1024 ** 3],
  ]),
  pattern: /^(\d{1,12})(B|KiB|MiB|GiB)$/,
  expected: 'a size with a unit: B, KiB, MiB or GiB',
  name: 'size',
  usual: ['B', 'KiB', 'MiB'],
  spelling: [
    [/^(?:b|bytes?)$/, 'B'],
    [/^(?:k|kb|kib)$/, 'KiB'],
    [/^(?:m|mb|mib)$/, 'MiB'],
    [/^(?:g|gb|gib)$/, 'GiB'],
  ],
}

/** Formats bytes: `65536` as `64KiB`. */
export const formatSize = (bytes: number): string => format(bytes, sizes)

/** A size option within bounds (inclusive). */
export const size = (bounds: Bounds) => quantity(sizes, bounds)

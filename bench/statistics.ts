/** The median; NaN without values, which tables show as a dash. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

/**
 * The smallest value that is not below this share of all (nearest rank); NaN of none.
 * @param sorted ascending
 * @param share 0 to 1
 */
export function quantile(sorted: readonly number[] | Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** Smallest, median and largest of what was compared in each round. */
export type Spread = { min: number; median: number; max: number }

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { min: Number.NaN, median: Number.NaN, max: Number.NaN }
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) }
}

/**
 * Compares two contestants round by round: what was measured within seconds of each other shared the machine's mood, so
 * that the ratio of each round scatters less than the ratio of two medians. Rounds that only one of them has are left out.
 */
export function paired(
  values: readonly number[],
  bases: readonly number[],
  compare: (value: number, base: number) => number = (value, base) => value / base,
): Spread {
  const rounds = Math.min(values.length, bases.length)
  return spreadOf(Array.from({ length: rounds }, (_, i) => compare(values[i] ?? 0, bases[i] ?? 0)))
}

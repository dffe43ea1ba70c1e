const secondsIn = new Map([
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
])

/** The seconds of a Go duration, such as `168h0m0s`. */
export function secondsOf(text: string): number {
  return [...text.matchAll(/([\d.]+)(h|m|s)(?![a-z])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (secondsIn.get(unit) ?? 0),
    0,
  )
}

/** The duration in our notation, limited to the bounds of the option. */
export function within(text: string, least: number, most: number): string {
  return `${Math.round(Math.min(most, Math.max(least, secondsOf(text))))}s`
}

const dateTime = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i

/** Parses a date as epoch milliseconds, in UTC; undefined if invalid. `Date.parse` alone reads 31 February as 3 March. */
export function parseDate(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? ms : undefined
}

/** Parses a date and a time with its zone (RFC 3339 §5.6) as epoch milliseconds; undefined if invalid. */
export function parseDateTime(text: string): number | undefined {
  const [, date = ''] = dateTime.exec(text) ?? []
  const ms = parseDate(date) === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

const dateTime = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i

/** Reads a date as epoch milliseconds, in UTC; undefined when it is none. `Date.parse` alone takes 31 February for 3 March. */
export function parseDate(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? ms : undefined
}

/** Reads a date and a time with its zone (RFC 3339 §5.6) as epoch milliseconds; undefined when it is none. */
export function parseDateTime(text: string): number | undefined {
  const [, date = ''] = dateTime.exec(text) ?? []
  const ms = parseDate(date) === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

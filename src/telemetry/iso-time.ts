/** RFC 3339 in UTC, of milliseconds since the epoch. */
export type IsoTime = (ms: number) => string

/** Many lines bear the same millisecond under load, and making the text costs more than comparing a number. */
export function createIsoTime(): IsoTime {
  let lastMs = Number.NaN
  let text = ''
  return (ms) => {
    if (ms === lastMs) return text
    lastMs = ms
    text = new Date(ms).toISOString()
    return text
  }
}

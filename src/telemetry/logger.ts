import { type DestinationStream, type Logger, pino } from 'pino'

import { redact } from './redact.ts'

export type { Logger } from 'pino'

/**
 * JSON lines, each redacted as a whole before it is written.
 * @param level the least important line that is still written
 */
export function createLogger(level: string, destination: DestinationStream): Logger {
  const isoTime = createIsoTime()
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${isoTime(Date.now())}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: redact },
  }
  return pino(options, destination)
}

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

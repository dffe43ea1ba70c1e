import { type DestinationStream, type Logger, pino } from 'pino'

import { redact } from './redact.ts'

export type { Logger } from 'pino'

/**
 * A logger that writes JSON lines. Each line is redacted as a whole before it is written.
 * @param level the lowest level that is written
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

/**
 * Returns a function that formats milliseconds since the epoch in UTC (RFC 3339). It caches the text of the last second, because
 * under load most times differ only in their milliseconds.
 */
export function createIsoTime(): (ms: number) => string {
  let second = Number.NaN
  let upToSecond = ''
  return (ms) => {
    const thisSecond = Math.floor(ms / 1_000)
    if (thisSecond !== second) {
      second = thisSecond
      upToSecond = new Date(ms).toISOString().slice(0, -4)
    }
    return `${upToSecond}${String(ms - second * 1_000).padStart(3, '0')}Z`
  }
}

import { type DestinationStream, type Logger, pino } from 'pino'

import { createIsoTime } from './iso-time.ts'
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

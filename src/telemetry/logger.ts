import { type DestinationStream, type Logger, pino } from 'pino'

import { redact } from './redact.ts'

export type { Logger } from 'pino'

/**
 * JSON lines to standard output, each redacted as a whole before it is written.
 * @param level the least important line that is still written
 */
export function createLogger(level: string, destination: DestinationStream = pino.destination(1)): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: redact },
  }
  return pino(options, destination)
}

import type { Config } from '../config/schema.ts'
import type { Logger } from '../telemetry/logger.ts'

export type Log = {
  logger: Logger
  /** Sends what is left of the log, where it is sent by OTLP. */
  closeLog: () => Promise<void>
  /** Has the log follow the level and the place that a configuration names, where they are others than before. */
  follow: (config: Config) => Promise<void>
}

/**
 * Ends the process on SIGTERM or SIGINT: in order, or by force when that takes too long.
 * @param shutdownMs how long it may take (`server.timeouts.shutdown`)
 */
export function closeOnSignal(
  close: () => Promise<unknown>,
  shutdownMs: () => number,
  { logger, closeLog }: Pick<Log, 'logger' | 'closeLog'>,
): void {
  const end = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'closing: open requests may finish')
    setTimeout(() => process.exit(1), shutdownMs()).unref()
    close()
      .then(closeLog)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      )
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

/** Keeps SIGHUP from ending the process. A terminal sends it to workers too, and the one that was started sees to it. */
export function ignoreHangup(): void {
  process.on('SIGHUP', () => undefined)
}

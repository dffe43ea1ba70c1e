import type { Config } from '../config/schema.ts'
import type { Logger } from '../telemetry/logger.ts'

export type Log = {
  logger: Logger
  /** Sends the rest of the log, if it is sent by OTLP. */
  closeLog: () => Promise<void>
  /** Applies the log level and destination of a configuration, if they have changed. */
  follow: (config: Config) => Promise<void>
}

/**
 * Ends the process on SIGTERM or SIGINT: in order, or by force when that takes too long. Exit code 0 means that everything was closed.
 * @param shutdownMs how long closing may take (`server.timeouts.shutdown`)
 */
export function closeOnSignal(
  close: () => Promise<unknown>,
  shutdownMs: () => number,
  { logger, closeLog }: Pick<Log, 'logger' | 'closeLog'>,
): void {
  const end = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'closing: open requests may finish')
    const endByForce = (): void => {
      logger.error('the process was stopped by force: closing took longer than server.timeouts.shutdown')
      process.exit(1)
    }
    setTimeout(endByForce, shutdownMs()).unref()
    void endInOrder(close, { logger, closeLog }).then((code) => process.exit(code))
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

/** @returns the exit code */
async function endInOrder(
  close: () => Promise<unknown>,
  { logger, closeLog }: Pick<Log, 'logger' | 'closeLog'>,
): Promise<number> {
  let code = 0
  for (const end of [close, closeLog]) {
    await end().catch((err: unknown) => {
      code = 1
      logger.error({ err }, 'resources of the process could not be closed')
    })
  }
  return code
}

/** Keeps SIGHUP from ending a worker. A terminal sends it to workers, too, but only the primary handles it. */
export function ignoreHangup(): void {
  process.on('SIGHUP', () => undefined)
}

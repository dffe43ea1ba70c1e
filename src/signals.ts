import type { Config } from './config/schema.ts'
import type { Logger } from './telemetry/logger.ts'

/** Ends the process on SIGTERM or SIGINT: in order, or by force when that takes longer than `server.timeouts.shutdown`. */
export function closeOnSignal(close: () => Promise<unknown>, { server }: Config, logger: Logger): void {
  const end = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'closing: open requests may finish')
    setTimeout(() => process.exit(1), server.timeouts.shutdown).unref()
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

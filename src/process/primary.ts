import { availableParallelism } from 'node:os'

import type { LoadedConfig, LoadOptions } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { removeStaleSocket } from '../listener/listen.ts'
import { buildAdminApp } from './admin-app.ts'
import { logWaiting, readAnew } from './reload.ts'
import { closeOnSignal, type Log, onHangup } from './signals.ts'
import { type Reading, shownByAll } from './workers/shown-by-all.ts'
import { superviseWorkers, type Workforce } from './workers/supervisor.ts'
import { forkWorker } from './workers/worker-process.ts'

/** The process that looks after workers: it serves the admin listener, and has others take their place on SIGHUP. */
export async function startPrimary(loaded: LoadedConfig, options: LoadOptions, log: Log): Promise<void> {
  const { logger } = log
  const { config: started } = loaded
  let inForce = started
  const workers = superviseWorkers({ ...workforceOf(loaded), fork: forkWorker, logger, now: Date.now })
  let reading: Reading = { wasTakenUp: true, takenUpAt: Date.now() }
  const all = shownByAll({ ...workers, reading: () => reading })
  const shown = { ...all, setLogLevel }
  onHangup(reload)
  const admin = await buildAdminApp(shown, started.server.prefix, logger)
  closeOnSignal(
    () => Promise.all([workers.close(), admin.close()]),
    () => inForce.server.timeouts.shutdown,
    log,
  )

  async function setLogLevel(level: string): Promise<void> {
    logger.level = level
    await all.setLogLevel(level)
  }

  async function reload(): Promise<void> {
    await workers.started.catch(() => undefined)
    logger.info('SIGHUP: the configuration is read anew')
    const read = await readAnew(options, logger)
    const endOthers = read && (await renew(read))
    reading = endOthers ? { wasTakenUp: true, takenUpAt: Date.now() } : { ...reading, wasTakenUp: false }
    if (read === undefined || endOthers === undefined) return
    inForce = read.config
    logger.level = inForce.log.level
    logWaiting(started, inForce, logger)
    logger.info({ workers: workers.count() }, 'new workers serve with the configuration as it is now; the others end')
    // What those counted stays in the sums as it was when they were last asked.
    await shown.scrape()
    await endOthers()
    logger.info('the workers with the configuration before have ended')
  }

  async function renew(read: LoadedConfig): Promise<(() => Promise<void>) | undefined> {
    try {
      const { path } = read.config.server.listen
      if (path !== undefined) await removeStaleSocket(path)
      return await workers.renew(workforceOf(read))
    } catch (err) {
      logger.error({ err }, 'workers with the configuration as it is now do not start')
      return undefined
    }
  }

  try {
    await workers.started
  } catch (cause) {
    // The others would keep the command from ending.
    await workers.close()
    throw cause
  }
  // Fastify writes into the object that it is given.
  await admin.listen({ ...started.server.admin })
  logger.info({ workers: workers.count() }, 'all workers listen')
}

/** How many processes are asked for. */
export function workerCount({ server: { workers } }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers
}

function workforceOf({ config, texts }: LoadedConfig): Workforce {
  return { count: workerCount(config), texts }
}

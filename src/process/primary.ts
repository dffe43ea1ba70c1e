import type { LoadedConfig, LoadOptions } from '../config/load.ts'
import { withoutTakenHost } from '../config/needs-restart.ts'
import { workerCount } from '../config/worker-count.ts'
import { buildAdminApp } from './admin-app.ts'
import { followFiles } from './reload-on-change.ts'
import { closeOnSignal, type Log } from './signals.ts'
import { mergedAnswers } from './workers/merged-answers.ts'
import { reloadAll } from './workers/reload-all.ts'
import { Supervisor, type Workforce } from './workers/supervisor.ts'
import { forkWorker } from './workers/worker-process.ts'

/** Starts the primary process: it supervises the workers, serves the admin listener, and reloads changed files in all workers. */
export async function startPrimary(loaded: LoadedConfig, options: LoadOptions, log: Log): Promise<void> {
  const { logger } = log
  const { config: started } = loaded
  let inForce = started
  const workers = new Supervisor({ ...workforceOf(loaded), fork: forkWorker, logger, now: Date.now })
  const all = mergedAnswers(workers)
  const admin = await buildAdminApp({ ...all, setLogLevel }, () => inForce.server.prefix, logger)
  let following = { stop: (): void => undefined }
  closeOnSignal(close, () => inForce.server.timeouts.shutdown, log)

  async function close(): Promise<void> {
    following.stop()
    await workers.close()
    await admin.close()
  }

  async function setLogLevel(level: string): Promise<void> {
    logger.level = level
    await all.setLogLevel(level)
  }

  function takeOver(read: LoadedConfig): Workforce {
    inForce = withoutTakenHost(inForce, read.config)
    void log.follow(read.config)
    return workforceOf({ ...read, config: inForce })
  }

  try {
    await workers.started
  } catch (cause) {
    // End the other workers: they would keep the command from exiting.
    await workers.close()
    throw cause
  }
  // Pass a copy: Fastify modifies the object.
  await admin.listen({ ...started.server.admin })
  following = followFiles(loaded, { load: options, logger, reloadable: reloadAll(workers, takeOver) })
  logger.info({ workers: workers.count() }, 'all workers listen')
}

function workforceOf({ config, texts }: LoadedConfig): Workforce {
  return { count: workerCount(config), texts, listen: config.server.listen }
}

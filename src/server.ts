import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'

import type { CustomFetch } from 'openid-client'

import { buildAdminApp, shownBy } from './admin-app.ts'
import { loadConfig, type LoadedConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import type { Dependencies } from './dependencies.ts'
import { collectBuffersYoung } from './external-memory.ts'
import { removeStaleSocket } from './listener/unix-socket.ts'
import { createRandomPool } from './seal/random.ts'
import { closeOnSignal } from './signals.ts'
import { giveBackStartupMemory } from './startup-memory.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { createPeers, processChannel } from './workers/peers.ts'
import { giveShown, shownByAll } from './workers/shown-by-all.ts'
import { superviseWorkers } from './workers/supervisor.ts'

export type StartOptions = { files: readonly string[]; env: NodeJS.ProcessEnv }

/**
 * The process: loads configuration, listens, and on SIGTERM or SIGINT lets open requests finish. With several
 * `server.workers` the process that was started only looks after them.
 * @throws ConfigError with every problem of the configuration
 */
export async function start({ files, env }: StartOptions): Promise<void> {
  const loaded = await loadConfig({ files: [...files], env })
  const { config } = loaded
  const logger = createLogger(config.log.level)
  if (cluster.isWorker) return startWorker(config, logger)
  warn(loaded, logger)
  const { listen, workers } = config.server
  if (listen.path !== undefined) await removeStaleSocket(listen.path)
  const count = workers === 'auto' ? availableParallelism() : workers
  if (count === 1) await startAlone(config, logger)
  else await startPrimary(config, logger, count)
}

// The gateway itself is loaded where it serves: the primary of workers does without.
async function startAlone(config: Config, logger: Logger): Promise<void> {
  collectBuffersYoung()
  const { serve } = await import('./serve.ts')
  const { app, parts, listen } = await serve(config, dependenciesOf(logger))
  const admin = await buildAdminApp(shownBy(parts), config.server.prefix, logger)
  app.addHook('onClose', async () => admin.close())
  await admin.listen(config.server.admin)
  await listen()
  giveBackStartupMemory()
  closeOnSignal(() => app.close(), config, logger)
}

async function startWorker(config: Config, logger: Logger): Promise<void> {
  collectBuffersYoung()
  const peers = createPeers(processChannel())
  const { serve } = await import('./serve.ts')
  const { app, parts, listen } = await serve(config, { ...dependenciesOf(logger), peers })
  giveShown(peers, shownBy(parts))
  closeOnSignal(() => app.close(), config, logger)
  await listen()
  giveBackStartupMemory()
  peers.ready()
}

async function startPrimary(config: Config, logger: Logger, count: number): Promise<void> {
  const workers = superviseWorkers({ count, logger, now: Date.now })
  const admin = await buildAdminApp(shownByAll(workers, count), config.server.prefix, logger)
  closeOnSignal(() => Promise.all([workers.close(), admin.close()]), config, logger)
  try {
    await workers.started
  } catch (cause) {
    // The others would keep the command from ending.
    await workers.close()
    throw cause
  }
  await admin.listen(config.server.admin)
  logger.info({ workers: count }, 'all workers listen')
}

function dependenciesOf(logger: Logger): Dependencies {
  return { logger, now: Date.now, fetch: fetch as CustomFetch, randomBytes: createRandomPool() }
}

function warn({ warnings }: LoadedConfig, logger: Logger): void {
  for (const { source, path, found, fix } of warnings) {
    logger.warn({ file: source.file, line: source.line, option: path.join('.'), found }, fix)
  }
}

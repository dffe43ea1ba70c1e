import type { FastifyInstance } from 'fastify'
import type { CustomFetch } from 'openid-client'

import { buildAdminApp } from './admin-app.ts'
import { provision } from './app-parts.ts'
import { buildApp } from './app.ts'
import { loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { createRandomPool } from './seal/random.ts'
import { createLogger } from './telemetry/logger.ts'

export type StartOptions = { files: readonly string[]; env: NodeJS.ProcessEnv }

/**
 * The process: loads configuration, listens, and on SIGTERM or SIGINT lets open requests finish.
 * @throws ConfigError with every problem of the configuration
 */
export async function start({ files, env }: StartOptions): Promise<void> {
  const { config, warnings } = await loadConfig({ files: [...files], env })
  const logger = createLogger(config.log.level)
  for (const { source, path, found, fix } of warnings) {
    logger.warn({ file: source.file, line: source.line, option: path.join('.'), found }, fix)
  }
  const dependencies = { logger, now: Date.now, fetch: fetch as CustomFetch, randomBytes: createRandomPool() }
  const parts = await provision(config, dependencies)
  const app = await buildApp(config, dependencies, parts)
  const admin = await buildAdminApp(parts, config.server.prefix, logger)
  app.addHook('onClose', async () => admin.close())
  await admin.listen(config.server.admin)
  await app.listen(config.server.listen)
  closeOnSignal(app, config)
}

function closeOnSignal(app: FastifyInstance, { server }: Config): void {
  const close = (signal: NodeJS.Signals): void => {
    app.log.info({ signal }, 'closing: open requests may finish')
    setTimeout(() => process.exit(1), server.timeouts.shutdown).unref()
    app.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGTERM', close)
  process.once('SIGINT', close)
}

import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'

import type { Parts } from './app-parts.ts'
import { health } from './health/plugin.ts'
import type { Logger } from './telemetry/logger.ts'
import { metricsEndpoint } from './telemetry/plugin.ts'

/** The listener for probes and metrics: asks for no login, so it stays off public networks (`server.admin`). */
export async function buildAdminApp(
  { health: probes, telemetry }: Pick<Parts, 'health' | 'telemetry'>,
  prefix: string,
  logger: Logger,
): Promise<FastifyInstance> {
  // Typed as Fastify's own, so that the app is a plain FastifyInstance.
  const loggerInstance: FastifyBaseLogger = logger
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
  })
  const beforeScrape = (): void => {
    for (const { name, status } of probes.conditions()) telemetry.metrics.condition(name, status === 'ok')
  }
  await app.register(health, { ...probes, prefix })
  await app.register(metricsEndpoint, { ...telemetry, beforeScrape })
  return app
}

// This folder: start, signals, reload, admin listener and workers.

import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type FastifyPluginAsync } from 'fastify'
import type { Registry } from 'prom-client'

import type { Parts } from '../assembly/plugin-options.ts'
import type { SecretFingerprints } from '../config/fingerprints.ts'
import { logLevels } from '../config/options/admin-and-log.ts'
import { health } from '../endpoints/health/plugin.ts'
import type { Condition } from '../telemetry/condition.ts'
import type { Logger } from '../telemetry/logger.ts'
import { metricsEndpoint } from '../telemetry/plugin.ts'

/** The answers of the admin listener: for one process, or for all workers together. */
export type AdminAnswers = {
  conditions: () => Condition[] | Promise<Condition[]>
  scrape: () => Promise<Registry>
  /** The secrets that each process uses; undefined if a process does not answer. */
  secrets: () => Promise<SecretFingerprints[] | undefined>
  /** The level holds until the processes end. */
  setLogLevel: (level: string) => Promise<void>
}

/** The answers of this process. @param parts of the configuration in force */
export function adminAnswers(
  parts: () => Pick<Parts, 'health' | 'telemetry' | 'secrets' | 'audit'>,
  logger: Logger,
): AdminAnswers {
  return {
    conditions: () => parts().health.conditions(),
    async scrape() {
      const { health: probes, telemetry } = parts()
      telemetry.metrics.showConditions(probes.conditions())
      return telemetry.metrics.registry
    },
    secrets: async () => [parts().secrets],
    async setLogLevel(level) {
      logger.level = level
      // Each process writes its own record.
      parts().audit.trail.write({ event: 'config', change: { what: 'log.level', action: 'changed', id: level } })
    },
  }
}

/**
 * The listener for probes, metrics and the log level. It requires no login, so keep it off public networks (`server.admin`).
 * @param prefix `server.prefix`, of the configuration in force
 */
export async function buildAdminApp(
  answers: AdminAnswers,
  prefix: () => string,
  logger: Logger,
): Promise<FastifyInstance> {
  // Typed as Fastify's own, so that the app is a plain FastifyInstance.
  const loggerInstance: FastifyBaseLogger = logger
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    // Probes work with and without the prefix: some are built into an image before a prefix is chosen.
    rewriteUrl: ({ url = '/' }) => (url.startsWith(`${prefix()}/health/`) ? url.slice(prefix().length) : url),
  })
  await app.register(health, { conditions: answers.conditions })
  await app.register(metricsEndpoint, { scrape: answers.scrape })
  await app.register(logLevelEndpoint, { logger, setLogLevel: answers.setLogLevel })
  app.get('/secrets', async (_request, reply) => {
    const processes = await answers.secrets()
    // The rotation must not mistake a partial list for the complete one.
    if (processes === undefined) return reply.code(503).send({ error: 'a worker does not answer; ask again' })
    return reply.header('cache-control', 'no-store').send({ processes })
  })
  return app
}

/** Without `silent`, which only the configuration may set: the admin listener requires no login, so it must not turn off the log. */
const levels: readonly string[] = logLevels.filter((level) => level !== 'silent')

/** `GET` and `PUT /log-level`, on the admin listener only. */
const logLevelEndpoint: FastifyPluginAsync<{
  logger: Pick<Logger, 'level'>
  setLogLevel: (level: string) => Promise<void>
}> = async (app, { logger, setLogLevel }) => {
  app.get('/log-level', () => ({ level: logger.level }))
  app.put('/log-level', async (request, reply) => {
    const level = levelIn(request.body)
    if (level === undefined) return reply.code(400).send({ error: `level has to be one of ${levels.join(', ')}` })
    await setLogLevel(level)
    return { level }
  })
}

function levelIn(body: unknown): string | undefined {
  const level: unknown = typeof body === 'object' && body !== null && 'level' in body ? body.level : undefined
  return levels.find((known) => known === level)
}

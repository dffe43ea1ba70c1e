import type { FastifyPluginAsync } from 'fastify'

import type { Parts } from '../assembly/provision.ts'
import { logLevels } from '../config/sections/operations.ts'
import type { Logger } from '../telemetry/logger.ts'

/** `silent` is for the configuration only: the admin listener asks for no login, and must not hide what happens. */
const levels: readonly string[] = logLevels.filter((level) => level !== 'silent')

/** `GET` and `PUT /log-level`, on the admin listener only. */
export const logLevelEndpoint: FastifyPluginAsync<{
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

/** Sets the level of this process, and puts that on record. */
export function createSetLogLevel(logger: Pick<Logger, 'level'>, { trail }: Pick<Parts['audit'], 'trail'>) {
  return async (level: string): Promise<void> => {
    logger.level = level
    trail.write({ event: 'config', change: { what: 'log.level', action: 'changed', id: level } })
  }
}

function levelIn(body: unknown): string | undefined {
  const level: unknown = typeof body === 'object' && body !== null && 'level' in body ? body.level : undefined
  return levels.find((known) => known === level)
}

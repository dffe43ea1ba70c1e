// This folder: the probes.

import type { FastifyPluginAsync } from 'fastify'

import { type Condition, worstStatus } from '../../telemetry/condition.ts'

/** The probes. `ready` answers 200 while degraded: removing the gateway would also end what still works. */
export const health: FastifyPluginAsync<{ conditions: () => Condition[] | Promise<Condition[]> }> = async (
  app,
  { conditions },
) => {
  app.get('/health/live', async (_request, reply) => {
    return reply.header('cache-control', 'no-store').send({ status: 'ok' })
  })

  app.get('/health/ready', async (_request, reply) => {
    const all = await conditions()
    const status = worstStatus(all)
    const code = status === 'unavailable' ? 503 : 200
    return reply.code(code).header('cache-control', 'no-store').send({ status, conditions: all })
  })
}

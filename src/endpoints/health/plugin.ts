// This folder: the probes.

import type { FastifyPluginAsync } from 'fastify'

import type { Condition } from '../../telemetry/metrics.ts'

/** Probes. `ready` answers 200 while degraded: taking the gateway away would end what still works. */
export const health: FastifyPluginAsync<{ conditions: () => Condition[] | Promise<Condition[]> }> = async (
  app,
  { conditions },
) => {
  app.get('/health/live', async (_request, reply) => {
    return reply.header('cache-control', 'no-store').send({ status: 'ok' })
  })

  app.get('/health/ready', async (_request, reply) => {
    const all = await conditions()
    const status = worst(all)
    const code = status === 'unavailable' ? 503 : 200
    return reply.code(code).header('cache-control', 'no-store').send({ status, conditions: all })
  })
}

function worst(conditions: readonly Condition[]): Condition['status'] {
  if (conditions.some(({ status }) => status === 'unavailable')) return 'unavailable'
  return conditions.some(({ status }) => status === 'degraded') ? 'degraded' : 'ok'
}

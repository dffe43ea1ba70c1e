import type { FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Registry } from 'prom-client'

import type { Decision } from '../policy/decision.ts'
import type { Metrics } from './metrics.ts'
import { createTurnBatch } from './turn-batch.ts'

type Decided = { decision: Decision; status: number; durationMs: number }

/** Counts every decided request. */
export const telemetry = fastifyPlugin<{ metrics: Metrics }>(
  async (app, { metrics }) => {
    const decided = createTurnBatch<Decided>(({ decision, status, durationMs }) => {
      const reason = decision.effect === 'deny' ? decision.reason : 'none'
      metrics.decided(decision.effect, reason, status, durationMs / 1000)
    })
    app.addHook('onResponse', (request, reply, done) => {
      const { decision } = request
      if (decision !== undefined) decided.add({ decision, status: reply.raw.statusCode, durationMs: reply.elapsedTime })
      done()
    })
    app.addHook('onClose', async () => decided.close())
  },
  { name: 'telemetry' },
)

/** `GET /metrics`, on the admin listener only. */
export const metricsEndpoint: FastifyPluginAsync<{ scrape: () => Promise<Registry> }> = async (app, { scrape }) => {
  app.get('/metrics', async (_request, reply) => {
    const registry = await scrape()
    return reply.header('content-type', registry.contentType).send(await registry.metrics())
  })
}

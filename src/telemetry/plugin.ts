import type { FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Registry } from 'prom-client'

import type { Metrics } from './metrics.ts'

/** Counts every decided request. */
export const telemetry = fastifyPlugin<{ metrics: Metrics }>(
  async (app, { metrics }) => {
    app.addHook('onResponse', (request, reply, done) => {
      const { decision } = request
      if (decision !== undefined) {
        const reason = decision.effect === 'deny' ? decision.reason : 'none'
        metrics.decided(decision.effect, reason, reply.raw.statusCode, reply.elapsedTime / 1000)
      }
      done()
    })
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

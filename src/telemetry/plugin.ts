import type { FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

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
export const metricsEndpoint: FastifyPluginAsync<{ metrics: Metrics; beforeScrape: () => void }> = async (
  app,
  { metrics: { registry }, beforeScrape },
) => {
  app.get('/metrics', async (_request, reply) => {
    beforeScrape()
    return reply.header('content-type', registry.contentType).send(await registry.metrics())
  })
}

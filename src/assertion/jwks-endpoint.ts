import type { FastifyPluginAsync } from 'fastify'

import type { Keys } from './keys.ts'

/** Upstreams look again well within the period that a next key is published ahead. */
const maxAgeSeconds = 300

/** `GET /.stagedoor/jwks.json`: the public keys of our assertions (RFC 7517). */
export const jwksEndpoint: FastifyPluginAsync<{ keys: Keys }> = async (app, { keys }) => {
  app.get('/jwks.json', async (_request, reply) => {
    reply.header('cache-control', `public, max-age=${maxAgeSeconds}, stale-if-error=86400`)
    return reply.header('content-type', 'application/jwk-set+json').send(JSON.stringify(keys.jwks()))
  })
}

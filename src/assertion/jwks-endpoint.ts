// This folder: the stage that signs a statement about the caller.

import type { FastifyPluginAsync } from 'fastify'

import type { Keys } from './keys.ts'

/** Much shorter than the time for which a next key is published before it signs, so that upstreams fetch it in time. */
const maxAgeSeconds = 300

/** Serves public keys (RFC 7517): of assertions at `jwks.json`, of machine tokens at `machines/jwks.json`, of the trail at `audit/jwks.json`. */
export const jwksEndpoint: FastifyPluginAsync<{ keys: Pick<Keys, 'jwks'>; path: string }> = async (
  app,
  { keys, path },
) => {
  app.get(path, async (_request, reply) => {
    reply.header('cache-control', `public, max-age=${maxAgeSeconds}, stale-if-error=86400`)
    return reply.header('content-type', 'application/jwk-set+json').send(JSON.stringify(keys.jwks()))
  })
}

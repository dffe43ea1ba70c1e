import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { isReservedHeader } from '../headers/removed-headers.ts'
import { nameTrace } from '../telemetry/request-logger.ts'
import { type FactsOptions, requestFacts } from './read-facts.ts'
import { createNetworkTest } from './trusted-proxies.ts'

type BoundaryOptions = Omit<FactsOptions, 'isTrustedProxy'> & {
  trustedProxies: readonly string[]
  /** The `Strict-Transport-Security` of every answer (RFC 6797), if Stagedoor terminates TLS. */
  transportSecurity?: string | undefined
}

/** Turns an untrusted request into facts, and refuses a request that two parsers could read differently. */
export const boundary = fastifyPlugin<BoundaryOptions>(
  async (app, { trustedProxies, transportSecurity, ...rest }) => {
    const options = { ...rest, isTrustedProxy: createNetworkTest(trustedProxies) }
    app.decorateRequest('facts')

    app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
      reply.header('x-request-id', request.id)
      if (transportSecurity !== undefined) reply.header('strict-transport-security', transportSecurity)
      request.facts = requestFacts(request.raw, request.id, options)
      nameTrace(request.log, request.facts)
      for (const name in request.headers) if (isReservedHeader(name)) delete request.headers[name]
      done()
    })
  },
  { name: 'boundary' },
)

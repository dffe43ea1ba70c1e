import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { continueAfter } from '../errors/contain.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { bearerTokenIn } from './access-token.ts'
import type { Accepted, Foreign, Verdict } from './profiles.ts'
import { bearerReasons } from './refusal-reasons.ts'
import type { BearerVerifier } from './verifier.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The bearer token of the request; undefined when there is none. A refused token ends the request. */
    bearer: Accepted | Foreign | undefined
    /** The client named in a refused token. It is unverified; use it only for counting. */
    refusedClientId: string | undefined
  }
}

/** Without a verifier, all tokens are ignored. */
type BearerOptions = { verifier: BearerVerifier | undefined }

/** Verifies access tokens addressed to the gateway. Others, such as Backstage's own, pass through. */
export const bearer = fastifyPlugin<BearerOptions>(
  async (app, { verifier }) => {
    app.decorateRequest('bearer', undefined)
    app.decorateRequest('refusedClientId', undefined)
    if (verifier === undefined) return

    app.addHook('onRequest', (request, reply, done) => {
      const token = bearerTokenIn(request.headers.authorization)
      if (token === undefined) return done()
      // Next to a session, `Authorization` usually holds Backstage's token. A token for the gateway is verified; `identity` refuses both.
      if (request.session !== undefined && !verifier.isOurs(token)) return done()
      const known = verifier.recall(token)
      if (known !== undefined) return done(admit(request, known))
      const judged = verifier.verify(token).then((verdict) => admit(request, verdict))
      continueAfter(judged, reply, done)
    })
  },
  { name: 'bearer', dependencies: ['boundary', 'session'] },
)

/** Stores an accepted or foreign token in the request, or returns the error for any other verdict. */
function admit(request: FastifyRequest, verdict: Verdict): GatewayError | undefined {
  if (verdict.kind === 'unavailable') {
    return new GatewayError('STAGEDOOR_BEARER_KEYS_UNAVAILABLE', { headers: { 'Retry-After': '10' } })
  }
  if (verdict.kind !== 'refused' && verdict.kind !== 'unreadable') {
    request.bearer = verdict
    return undefined
  }
  if (verdict.kind === 'refused') request.refusedClientId = verdict.clientId
  const { reason } = verdict
  return new GatewayError('STAGEDOOR_BEARER_REFUSED', { reason, publicDetail: bearerReasons[reason].cause })
}

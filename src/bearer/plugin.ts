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
    /** The client that a refused token named: unverified, good for counting only. */
    refusedClientId: string | undefined
  }
}

/** Without a verifier no token is ours, and all are left alone. */
type BearerOptions = { verifier: BearerVerifier | undefined }

/** Verifies access tokens addressed to us, and leaves others, such as Backstage's own, alone. */
export const bearer = fastifyPlugin<BearerOptions>(
  async (app, { verifier }) => {
    app.decorateRequest('bearer', undefined)
    app.decorateRequest('refusedClientId', undefined)
    if (verifier === undefined) return

    app.addHook('onRequest', (request, reply, done) => {
      const token = bearerTokenIn(request.headers.authorization)
      if (token === undefined) return done()
      // In a browser with a session, `Authorization` is Backstage's; ours beside it is one credential too many.
      if (request.session !== undefined && !verifier.isOurs(token)) return done()
      const known = verifier.recall(token)
      if (known !== undefined) return done(admit(request, known))
      const judged = verifier.verify(token).then((verdict) => admit(request, verdict))
      continueAfter(judged, reply, done)
    })
  },
  { name: 'bearer', dependencies: ['boundary', 'session'] },
)

/** Takes what may pass on; gives back the error for what may not. */
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

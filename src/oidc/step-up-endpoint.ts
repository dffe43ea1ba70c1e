import type { FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'
import { destinationOf } from './step-up.ts'

/**
 * Redirects to the page when the path in `for` needs no further second factor, and to the login service
 * otherwise. That login either proves the second factor or ends in an error page, so that there is no loop.
 * @throws STAGEDOOR_SESSION_REQUIRED
 */
export function answerStepUp(party: RelyingParty, request: FastifyRequest, reply: FastifyReply): void {
  const { principal, facts } = request
  if (principal.kind !== 'user') throw new GatewayError('STAGEDOOR_SESSION_REQUIRED')
  const { baseUrl, prefix } = party
  const own = facts.path + facts.query
  const { path, methods } = destinationOf(own, baseUrl, prefix)
  const isLacking = methods.some(
    (method) => party.secondFactorFor(principal, { method, path, host: facts.host }) !== undefined,
  )
  reply.header('cache-control', 'no-store')
  if (isLacking) return void reply.redirect(`${prefix}/login?return_to=${encodeURIComponent(own)}`, 302)
  const page = new URL(own, baseUrl).searchParams.get('return_to') ?? undefined
  reply.redirect(safeReturnTo(page, baseUrl, prefix), 302)
}

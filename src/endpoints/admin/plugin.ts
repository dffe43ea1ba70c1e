import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../../errors/gateway-error.ts'
import { explanationLines } from '../../policy/explain.ts'
import type { Policy } from '../../policy/policy.ts'
import { adminConsole, type ConsoleOptions } from './console.ts'
import { readQuestion } from './explain-request.ts'
import { adminKeys, type AdminKeysOptions } from './keys.ts'
import { type AdminSessionsOptions, adminSessions } from './sessions.ts'
import { adminTrail, type AdminTrailOptions } from './trail.ts'

type AdminOptions = AdminSessionsOptions &
  Omit<ConsoleOptions, 'address'> &
  AdminTrailOptions &
  AdminKeysOptions & { policy: Policy }

/** Endpoints for the operators of Stagedoor (`admin.allow`). */
export const admin: FastifyPluginAsync<AdminOptions> = async (app, options) => {
  const { base, baseUrl, policy, claimNames, now } = options
  // Reset the prefix: Fastify would prepend it to the paths a second time.
  const parts = { ...options, prefix: '', address: baseUrl + base }
  app.addHook('onRequest', (request, _reply, done) => done(refusalOf(request)))

  /** GET explains a decision for the caller, POST with `claims` for another user. */
  app.route({ method: ['GET', 'POST'], url: '/policy/explain', handler: explain })

  await app.register(adminConsole, parts)
  await app.register(adminTrail, parts)
  await app.register(adminSessions, parts)
  await app.register(adminKeys, parts)

  async function explain(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { principal, asked } = readQuestion(request.body ?? request.query, request, claimNames, now())
    const explanation = policy.explain(principal, asked, now())
    return reply
      .header('cache-control', 'no-store')
      .send({ principal: principal.kind, ...explanation, text: explanationLines(explanation) })
  }

  function refusalOf({ principal }: FastifyRequest): GatewayError | undefined {
    if (principal.kind === 'anonymous') return new GatewayError('STAGEDOOR_SESSION_REQUIRED')
    if (policy.mayAdminister(principal, now())) return undefined
    const secondFactor = policy.adminSecondFactorFor(principal, now())
    if (secondFactor !== undefined)
      return new GatewayError('STAGEDOOR_POLICY_STEP_UP_REQUIRED', { reason: 'mfa-required', secondFactor })
    const { missing, contact } = policy.adminRefusalFor(principal, now())
    return new GatewayError('STAGEDOOR_POLICY_DENIED', { contact, publicDetail: missing })
  }
}

import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import type { PathOddity } from '../boundary/request-target.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { wantsPage } from '../headers/page-or-script.ts'
import type { Decision, Deny } from './decision.ts'
import { explanationLines, pathRefusedText } from './explain.ts'
import type { Policy } from './policy.ts'

/** Lets the first rule that matches decide. A refusal is passed on as an error, so that no later hook can skip it by accident. */
export const policy = fastifyPlugin<{ policy: Policy; now: () => number }>(
  async (app, { policy, now }) => {
    app.addHook('onRequest', (request, _reply, done) => {
      const decision = policy.decide(request.principal, request.facts, now())
      const { oddity } = request.facts
      if (oddity !== undefined && !policy.passesAsIs(request.facts, oddity.plainest)) {
        return done(notCanonical(request, oddity.reason, decision))
      }
      request.decision = decision
      done(decision.effect === 'allow' ? undefined : refusal(request, decision))
    })

    function refusal(request: FastifyRequest, deny: Deny): GatewayError {
      const { principal, facts } = request
      const { reason } = deny
      if (reason === 'unauthenticated') return unauthenticated(request)
      const secondFactor = policy.secondFactorFor(principal, facts, now())
      if (secondFactor !== undefined)
        return new GatewayError('STAGEDOOR_POLICY_STEP_UP_REQUIRED', { reason, secondFactor })
      const { missing, contact } = policy.refusalFor(principal, deny, now())
      const isAdmin = policy.mayAdminister(principal, now())
      return new GatewayError('STAGEDOOR_POLICY_DENIED', {
        reason,
        contact,
        publicDetail: missing,
        ...(isAdmin && { explanation: explanationLines(policy.explain(principal, facts, now())) }),
      })
    }
  },
  { name: 'policy', dependencies: ['identity'] },
)

/** The log names the option. The client learns only that the path is not canonical. */
function notCanonical({ facts }: FastifyRequest, reason: PathOddity, { rule = 'none' }: Decision): GatewayError {
  const code =
    facts.askedBy === undefined
      ? 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'
      : 'STAGEDOOR_BOUNDARY_FORWARDED_PATH_NOT_CANONICAL'
  return new GatewayError(code, {
    reason,
    detail: `rule ${rule}: ${pathRefusedText(reason)}`,
  })
}

/** The 401. If the request has a token, the error says why the token does not count, so that the sender need not guess. */
function unauthenticated({ bearer, facts, headers }: FastifyRequest): GatewayError {
  if (bearer === undefined) {
    // A redirect to login would silently drop the body of a form.
    const isForm = !['GET', 'HEAD'].includes(facts.method) && wantsPage(headers)
    const code = isForm ? 'STAGEDOOR_POLICY_FORM_NOT_SENT' : 'STAGEDOOR_POLICY_UNAUTHENTICATED'
    return new GatewayError(code, { reason: 'unauthenticated' })
  }
  const reason = bearer.kind === 'foreign' ? bearer.reason : 'backstage-token'
  return new GatewayError('STAGEDOOR_BEARER_REFUSED', { reason })
}

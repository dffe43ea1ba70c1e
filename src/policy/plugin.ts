import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { GateError } from '../errors/gate-error.ts'
import type { Deny } from './decision.ts'
import { explanationLines } from './explanation-text.ts'
import type { Policy } from './policy.ts'

/** Fourth stage: the first rule that matches decides. A guard that throws: nobody passes by accident. */
export const policy = fastifyPlugin<{ policy: Policy; now: () => number }>(
  async (app, { policy, now }) => {
    app.addHook('onRequest', (request, _reply, done) => {
      const decision = policy.decide(request.principal, request.facts, now())
      request.decision = decision
      done(decision.effect === 'allow' ? undefined : refusal(request, decision))
    })

    function refusal({ principal, facts }: FastifyRequest, deny: Deny): GateError {
      const { reason } = deny
      if (reason === 'unauthenticated') return new GateError('STAGEDOOR_POLICY_UNAUTHENTICATED', { reason })
      const stepUp = policy.stepUpFor(principal, facts, now())
      if (stepUp !== undefined) return new GateError('STAGEDOOR_POLICY_STEP_UP_REQUIRED', { reason, stepUp })
      const { missing, contact } = policy.refusalFor(principal, deny, now())
      const isAdmin = policy.mayAdminister(principal, now())
      return new GateError('STAGEDOOR_POLICY_DENIED', {
        reason,
        contact,
        ...(missing !== undefined && { detail: missing, isDetailPublic: true }),
        ...(isAdmin && { explanation: explanationLines(policy.explain(principal, facts, now())) }),
      })
    }
  },
  { name: 'policy', dependencies: ['identity'] },
)

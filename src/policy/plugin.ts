import fastifyPlugin from 'fastify-plugin'

import { GateError } from '../errors/gate-error.ts'
import type { Deny } from './decision.ts'
import type { Decide } from './rules.ts'

/** Fourth stage: the first rule that matches decides. A guard that throws: nobody passes by accident. */
export const policy = fastifyPlugin<{ decide: Decide; now: () => number }>(
  async (app, { decide, now }) => {
    app.addHook('onRequest', (request, _reply, done) => {
      const decision = decide(request.principal, request.facts, now())
      request.decision = decision
      done(decision.effect === 'allow' ? undefined : refusal(decision))
    })
  },
  { name: 'policy', dependencies: ['identity'] },
)

function refusal({ reason }: Deny): GateError {
  const code = reason === 'unauthenticated' ? 'STAGEDOOR_POLICY_UNAUTHENTICATED' : 'STAGEDOOR_POLICY_DENIED'
  return new GateError(code, { reason })
}

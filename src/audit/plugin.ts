import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from '../policy/decision.ts'
import type { Session } from '../session/session.ts'
import { createIsoTime } from '../telemetry/iso-time.ts'
import { createTurnBatch } from '../telemetry/turn-batch.ts'
import { decisionRecord, revocationRecord, type RevocationTarget, sessionRecord } from './record.ts'
import type { WriteRecord } from './trail.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
}

export type Audit = {
  loggedIn(request: FastifyRequest, session: Session): void
  loggedOut(request: FastifyRequest, session: Session): void
  /** @param reason who or what asked for it */
  revoked(request: FastifyRequest, revocation: { reason: string; target: RevocationTarget }): void
}

type Decided = { facts: RequestFacts; principal: Principal; decision: Decision; status: number; at: number }

/** Sees every decision, when its answer is on the way, and every login, logout and revocation. */
export const audit = fastifyPlugin<{ write: WriteRecord; now: () => number }>(
  async (app, { write, now }) => {
    const isoTime = createIsoTime()
    const time = (): string => isoTime(now())
    app.decorateRequest('decision', undefined)
    app.decorate('audit', {
      loggedIn: (request, session) => write(sessionRecord('login', request.facts, session, time())),
      loggedOut: (request, session) => write(sessionRecord('logout', request.facts, session, time())),
      revoked: (request, revocation) => write(revocationRecord(request.facts, request.principal, revocation, time())),
    })
    const decided = createTurnBatch<Decided>(
      ({ facts, principal, decision, status, at }) =>
        write(decisionRecord(facts, principal, decision, status, isoTime(at))),
      (err) => app.log.error({ err }, 'a record was not written to the audit trail'),
    )
    app.addHook('onResponse', (request, reply, done) => {
      const { decision, facts, principal } = request
      if (decision !== undefined) decided.add({ facts, principal, decision, status: reply.raw.statusCode, at: now() })
      done()
    })
    app.addHook('onClose', async () => decided.close())
  },
  { name: 'audit' },
)

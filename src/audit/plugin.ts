import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { GatewayError } from '../errors/gateway-error.ts'
import type { Session } from '../session/session.ts'
import { actionClassOf } from './admin-actions.ts'
import type { AuditEvent } from './event.ts'
import { answerOf, ensured, type RequireRecordOptions } from './require-record.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
  interface FastifyRequest {
    /** The class of an admin action; its record is written before the answer. */
    auditClass: string | undefined
    /** Records the answer of an admin action, unless that was done. */
    recordAnswer: ((status: number) => void) | undefined
  }
}

/** The events that parts of the gateway record. Principal, method and path come from the request. */
type Audit = {
  write(request: FastifyRequest, event: AuditEvent): void
  /** The same of a session that begins or ends with this request. */
  writeOf(session: Session, request: FastifyRequest, event: AuditEvent): void
  /**
   * Records what an administrator does, before it is done.
   * @throws STAGEDOOR_AUDIT_UNAVAILABLE where a sink with `onFailure: block` does not keep it
   */
  ensure(request: FastifyRequest, event: AuditEvent): Promise<void>
}

const refusals: ReadonlySet<string> = new Set([
  'STAGEDOOR_BEARER_REFUSED',
  'STAGEDOOR_POLICY_DENIED',
  'STAGEDOOR_POLICY_STEP_UP_REQUIRED',
])

/** Records every decision once it is answered, and the events of other parts. */
export const audit = fastifyPlugin<RequireRecordOptions>(
  async (app, { trail, classify }) => {
    app.decorateRequest('decision', undefined)
    app.decorateRequest('auditClass', undefined)
    app.decorateRequest('recordAnswer', undefined)
    app.decorate('audit', {
      write: ({ facts, principal }, event) => trail.write({ ...event, facts, principal }),
      writeOf: (session, { facts }, event) => trail.write({ ...event, facts, principal: personOf(session) }),
      async ensure({ facts, principal }, event) {
        trail.write({ ...event, facts, principal })
        await ensured(trail)
      },
    })

    // Only answers of our own pass here, refusals among them: the record of a refused admin action comes before its answer.
    app.addHook('onSend', (request, reply, payload, done) => {
      try {
        recordRefusal(request, reply)
      } catch (error) {
        // Fastify ends the request with a 500 and says nothing of it, because it was refusing it already.
        request.log.error({ code: 'STAGEDOOR_INTERNAL', err: error }, 'a refusal could not be recorded')
        return done(error as Error)
      }
      done(null, payload)
    })

    function recordRefusal(request: FastifyRequest, reply: FastifyReply): void {
      const { decision, facts, principal } = request
      if (decision?.effect !== 'deny' || request.auditClass !== undefined) return
      const name = actionClassOf(decision, facts, classify)
      if (name === undefined) return
      request.auditClass = name
      const answer = answerOf(reply, reply.statusCode)
      trail.write({ event: 'admin-action', phase: 'answered', class: name, facts, principal, decision, ...answer })
      trail.flush()
    }

    // Access tokens, and the console with its API: no rule decides about these.
    app.addHook('onError', (request, _reply, error, done) => {
      const { decision, facts, principal } = request
      if (decision === undefined && error instanceof GatewayError && refusals.has(error.code)) {
        trail.write({ event: 'access-refused', reason: error.reason ?? error.code, facts, principal })
      }
      done()
    })

    app.addHook('onResponse', (request, reply, done) => {
      const { decision, facts, principal } = request
      if (decision !== undefined && request.auditClass === undefined) {
        const { status, durationMs } = answerOf(reply, reply.raw.statusCode)
        // Member by member: spreading is slow, and this is done for every request.
        trail.write({ event: 'decision', facts, principal, decision, status, durationMs })
      }
      request.recordAnswer?.(reply.raw.statusCode)
      done()
    })
  },
  { name: 'audit' },
)

function personOf({ issuer, subject, id, claims, amr }: Session) {
  return { kind: 'user', issuer, subject, sessionId: id, claims, amr } as const
}

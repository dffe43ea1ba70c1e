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
    /** Records the answer of an admin action, unless it is already recorded. */
    recordAnswer: ((status: number) => void) | undefined
  }
}

/** Records events of the gateway's parts. Principal, method and path come from the request. */
type Audit = {
  write(request: FastifyRequest, event: AuditEvent): void
  /** Records an event of a session that begins or ends with this request; the principal comes from the session. */
  writeOf(session: Session, request: FastifyRequest, event: AuditEvent): void
  /**
   * Records an administrator's action before it is carried out.
   * @throws STAGEDOOR_AUDIT_UNAVAILABLE when a sink with `onFailure: block` cannot keep the record
   */
  ensure(request: FastifyRequest, event: AuditEvent): Promise<void>
}

const refusals: ReadonlySet<string> = new Set([
  'STAGEDOOR_BEARER_REFUSED',
  'STAGEDOOR_POLICY_DENIED',
  'STAGEDOOR_POLICY_STEP_UP_REQUIRED',
])

/** Records every decision when its request has been answered, and the events of other parts. */
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

    // Only the gateway's own answers reach this hook, including refusals. A refused admin action is recorded before its answer is sent.
    app.addHook('onSend', (request, reply, payload, done) => {
      try {
        recordRefusal(request, reply)
      } catch (error) {
        // Fastify answers 500 without logging, because it is already handling an error.
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

    // Refused access tokens, and refusals by the console and its API. These have no decision by a rule.
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
        // Lists each member: spreading is slow, and this runs for every request.
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

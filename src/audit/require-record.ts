import type { ServerResponse } from 'node:http'

import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { GatewayError } from '../errors/gateway-error.ts'
import { actionClassOf, type Classify } from './admin-actions.ts'
import type { Trail } from './trail.ts'

export type RequireRecordOptions = { trail: Pick<Trail, 'write' | 'flush' | 'ensure'>; classify: Classify }

/**
 * Runs after policy: an admin action is forwarded only when its record is kept, and answered only when the record of
 * the answer is written, so that a process which is killed at any moment leaves no answered action without a record.
 */
export const requireRecord = fastifyPlugin<RequireRecordOptions>(
  async (app, { trail, classify }) => {
    app.addHook('onRequest', (request, reply, done) => {
      const { decision, facts, principal } = request
      if (decision === undefined) return done()
      const name = actionClassOf(decision, facts, classify)
      if (name === undefined) return done()
      request.auditClass = name
      trail.write({ event: 'admin-action', phase: 'begun', class: name, facts, principal, decision })
      recordAnswer(request, reply, name)
      ensured(trail).then(() => done(), done)
    })

    function recordAnswer(request: FastifyRequest, reply: FastifyReply, name: string): void {
      const { decision, facts, principal } = request
      let isRecorded = false
      beforeHead(reply.raw, record)
      // A client that goes away, or an upgrade: there is no head then.
      request.recordAnswer = record

      function record(status: number): void {
        if (isRecorded || decision === undefined) return
        isRecorded = true
        const answer = answerOf(reply, status)
        trail.write({ event: 'admin-action', phase: 'answered', class: name, facts, principal, decision, ...answer })
        trail.flush()
      }
    }
  },
  { name: 'audit-require-record', dependencies: ['audit', 'policy'] },
)

/** @throws STAGEDOOR_AUDIT_UNAVAILABLE where a sink with `onFailure: block` does not keep what was written (`Trail.ensure` asks only those) */
export async function ensured(trail: Pick<Trail, 'ensure'>): Promise<void> {
  try {
    await trail.ensure()
  } catch (cause) {
    throw new GatewayError('STAGEDOOR_AUDIT_UNAVAILABLE', { cause, headers: { 'retry-after': '5' } })
  }
}

/** Status and duration of an answer for its record; the duration is rounded to a tenth of a millisecond. */
export function answerOf(reply: FastifyReply, status: number): { status: number; durationMs: number } {
  return { status, durationMs: Math.round(reply.elapsedTime * 10) / 10 }
}

/**
 * Acts once, just before the head of an answer is written, by Fastify or by the proxy.
 * A connection that was upgraded has no such moment.
 */
function beforeHead(response: ServerResponse, act: (status: number) => void): void {
  const write = response.writeHead.bind(response)
  response.writeHead = (status: number, ...rest: never[]): ServerResponse => {
    response.writeHead = write
    act(status)
    return write(status, ...rest)
  }
}

import type { ServerResponse } from 'node:http'

import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { GatewayError } from '../errors/gateway-error.ts'
import { actionClassOf, type Classify } from './admin-actions.ts'
import type { Trail } from './trail.ts'

export type RequireRecordOptions = { trail: Pick<Trail, 'write' | 'flush' | 'ensure'>; classify: Classify }

/**
 * Runs after policy. An admin action is forwarded only after its record is kept, and answered only after the record of
 * the answer is written. Even if the process is killed, no answered action lacks a record.
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
      // Without a response head (the client disconnected, or the connection was upgraded) the plugin `audit` calls this.
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

/** @throws STAGEDOOR_AUDIT_UNAVAILABLE when a sink with `onFailure: block` cannot keep the records; other sinks are not waited for */
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
 * Calls `act` once, just before Fastify or the proxy writes the response head.
 * An upgraded connection has no response head of this kind.
 */
function beforeHead(response: ServerResponse, act: (status: number) => void): void {
  const write = response.writeHead.bind(response)
  response.writeHead = (status: number, ...rest: never[]): ServerResponse => {
    response.writeHead = write
    act(status)
    return write(status, ...rest)
  }
}

import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import type { Logger } from './logger.ts'
import { traceOf } from './request-logger.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the log already has a line for this request. */
    isLogged: boolean
  }
}

export type RequestLineOptions = {
  logger: Pick<Logger, 'info' | 'isLevelEnabled'>
  /** Whether the log contains the audit records of decided requests. */
  hasRecords: boolean
  /** Whether successful requests to this path are not logged. */
  isQuiet: (path: string) => boolean
  /** The share of quiet requests that are logged all the same, from 0 to 1. */
  sampleRatio: number
}

/** Writes one line for each finished request, unless the log has the line of its refusal (`errors/plugin.ts`) or its audit record. */
export const requestLine = fastifyPlugin<RequestLineOptions>(
  async (app, { logger, hasRecords, isQuiet, sampleRatio }) => {
    app.decorateRequest('isLogged', false)
    app.addHook('onResponse', (request, reply, done) => {
      if (isDue(request, reply.raw.statusCode)) {
        const { id: requestId, facts } = request
        const trace = facts && traceOf(facts)
        const line = lineOf(request, reply.raw.statusCode, reply.elapsedTime)
        logger.info({ requestId, ...trace, ...line }, 'request')
      }
      done()
    })

    function isDue({ isLogged, decision, facts }: Partial<FastifyRequest>, status: number): boolean {
      if (isLogged === true || !logger.isLevelEnabled('info')) return false
      if (hasRecords && decision !== undefined) return false
      if (facts === undefined || status >= 400 || !isQuiet(facts.path)) return true
      return sampleRatio > 0 && positionOf(facts.traceparent) < sampleRatio
    }
  },
  { name: 'request-line', dependencies: ['errors'] },
)

/** The log line of a request. It does not name the caller, which is in the audit trail. @param elapsedMs since the head arrived */
export function lineOf({ facts, decision, method }: Partial<FastifyRequest>, status: number, elapsedMs: number) {
  return {
    method,
    path: facts?.path,
    status,
    durationMs: Math.round(elapsedMs * 10) / 10,
    outcome: decision?.effect,
    rule: decision?.rule,
    reason: decision?.effect === 'deny' ? decision.reason : undefined,
    upstream: decision?.effect === 'allow' ? decision.upstream : undefined,
  }
}

/** A number from 0 to 1 from the random part of the trace id, so that all replicas decide alike for one trace. */
function positionOf(traceparent: string): number {
  return Number.parseInt(traceparent.slice(27, 35), 16) / 2 ** 32
}

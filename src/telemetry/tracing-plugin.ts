import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { continuedTrace } from '../headers/trace-context.ts'
import { redact } from './redact.ts'
import type { RequestTrace, Tracing } from './tracing.ts'

declare module 'fastify' {
  interface FastifyRequest {
    trace: RequestTrace | undefined
  }
}

type TracingPart = { tracing: Tracing | undefined }

/** Runs after the boundary and begins a trace for each request that it accepted. Without tracing it does nothing. */
export const tracing = fastifyPlugin<TracingPart>(
  async (app, { tracing: traces }) => {
    if (traces === undefined) return
    app.decorateRequest('trace', undefined)
    app.addHook('onRequest', (request, _reply, done) => {
      const { facts } = request
      const begun = traces.begin(facts.method, continuedTrace(request.raw.rawHeaders, facts.traceparent))
      request.trace = begun
      facts.traceparent = begun.traceparent
      done()
    })
    app.addHook('onError', (request, _reply, error: FastifyError, done) => {
      request.trace?.fail(error.code)
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      request.trace?.end(reply.raw.statusCode, attributesOf(request))
      done()
    })
  },
  { name: 'tracing', dependencies: ['boundary'] },
)

/** Begins the span of a stage here, and ends that of the stage before it. */
export function traceStage(app: FastifyInstance, name: string, { tracing: traces }: TracingPart): void {
  if (traces === undefined) return
  app.addHook('onRequest', (request, _reply, done) => {
    request.trace?.stage(name)
    done()
  })
}

/** The attributes of a request, without the caller and the query. The audit trail has the caller, under the same request id. */
function attributesOf({ facts, decision }: FastifyRequest) {
  const { method, path, protocol, host, requestId } = facts
  return {
    'http.request.method': method,
    'url.path': redact(path),
    'url.scheme': protocol,
    'server.address': host,
    'stagedoor.request_id': requestId,
    'stagedoor.outcome': decision?.effect,
    'stagedoor.rule': decision?.rule,
    'stagedoor.reason': decision?.effect === 'deny' ? decision.reason : undefined,
    'stagedoor.upstream': decision?.effect === 'allow' ? decision.upstream : undefined,
  }
}

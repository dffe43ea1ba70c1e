import { randomUUID } from 'node:crypto'

import { type FastifyBaseLogger, type FastifyServerOptions, LogController, type FastifyInstance } from 'fastify'

import { forwardedMethods } from '../rule-matching/methods.ts'
import type { Logger } from '../telemetry/logger.ts'
import { requestLogger } from '../telemetry/request-logger.ts'

/** Longer than any path that fits into the headers, so that the length never decides which route matches. */
const maxParamLength = 1_048_576

/** Fastify's options for request ids, loggers and routing. `http-server.ts` reads the requests. */
export function fastifyOptions({ logger }: { logger: Logger }) {
  return {
    // Typed as Fastify's own, so that the app is a plain FastifyInstance.
    loggerInstance: logger as FastifyBaseLogger,
    // One audit record per request says more than Fastify's two log lines.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    childLoggerFactory: requestLogger,
    // Answer requests while closing: clients sent them before they could know of the shutdown.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    trustProxy: false,
    routerOptions: { maxParamLength },
    frameworkErrors: (error, request, reply) => request.server.errorHandler(error, request, reply),
  } satisfies FastifyServerOptions
}

/** Makes routes for `all` methods cover every method that rules can name; Fastify has eight by default. Call it before adding routes. */
export function acceptMethods(app: FastifyInstance): void {
  for (const method of forwardedMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
}

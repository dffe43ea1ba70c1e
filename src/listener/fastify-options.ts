import { randomUUID } from 'node:crypto'

import { type FastifyBaseLogger, type FastifyServerOptions, LogController, type FastifyInstance } from 'fastify'

import { forwardedMethods } from '../rule-matching/methods.ts'
import type { Logger } from '../telemetry/logger.ts'
import { requestLogger } from '../telemetry/request-logger.ts'

/** Longer than any path that fits in the headers, so that never the length decides which route matches. */
const maxParamLength = 1_048_576

/** Fastify's options: the id of a request, its logger, and how it finds its route. A server of ours reads it (`http-server.ts`). */
export function fastifyOptions({ logger }: { logger: Logger }) {
  return {
    // Typed as Fastify's own, so that the app is a plain FastifyInstance.
    loggerInstance: logger as FastifyBaseLogger,
    // One audit record a request says more than two log lines.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    childLoggerFactory: requestLogger,
    // Clients sent these requests before they could learn that the process ends.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    trustProxy: false,
    routerOptions: { maxParamLength },
    frameworkErrors: (error, request, reply) => request.server.errorHandler(error, request, reply),
  } satisfies FastifyServerOptions
}

/** Makes routes for `all` methods cover every one that rules can name; Fastify begins with eight. Before any route. */
export function acceptMethods(app: FastifyInstance): void {
  for (const method of forwardedMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
}

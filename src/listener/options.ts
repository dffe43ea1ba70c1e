import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { type FastifyBaseLogger, type FastifyHttpOptions, LogController } from 'fastify'

import type { Config } from '../config/schema.ts'
import type { ConnectionLimiter } from '../overload/connection-limiter.ts'
import type { RequestLimiter } from '../overload/request-limiter.ts'
import type { Logger } from '../telemetry/logger.ts'
import { requestLogger } from '../telemetry/request-logger.ts'
import type { CurrentCertificate } from './certificate.ts'
import { refuseOtherMethods, refuseTunnel, refuseUnreadable } from './refusals.ts'
import { createTlsServer } from './tls-server.ts'

/** Longer than any path that fits in the headers, so that never the length decides which route matches. */
const maxParamLength = 1_048_576

/** How often slow heads are looked for. */
const maxCheckIntervalMs = 5_000

/**
 * How the Fastify server listens: limits on heads, none on bodies, which are carried and never held.
 * @param certificate makes it a TLS listener
 * @param overload stands before Fastify
 */
export function listenerOptions(
  { server }: Config,
  { logger }: { logger: Logger },
  certificate: CurrentCertificate | undefined,
  overload: Pick<RequestLimiter, 'guard'> & Pick<ConnectionLimiter, 'watch'>,
) {
  const http = {
    maxHeaderSize: server.maxHeaderBytes,
    headersTimeout: server.timeouts.headers,
    connectionsCheckingInterval: Math.min(server.timeouts.headers, maxCheckIntervalMs),
    // The boundary refuses a missing Host itself, with a code and a request id.
    requireHostHeader: false,
  }
  function serverFactory(handler: RequestListener): Server {
    const guarded = overload.guard(refuseOtherMethods(handler, logger))
    const made = certificate ? createTlsServer(certificate, server, http, guarded) : createServer(http, guarded)
    made.on('connect', (request, way: Socket | ServerResponse) => refuseTunnel(request, way, logger))
    overload.watch(made)
    // Zero, because an upload may take as long as it takes; slow heads are cut by headersTimeout.
    return Object.assign(made, { keepAliveTimeout: server.timeouts.keepAlive, requestTimeout: 0 })
  }
  return {
    serverFactory,
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
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => refuseUnreadable(error, socket, logger),
    frameworkErrors: (error, request, reply) => request.server.errorHandler(error, request, reply),
  } satisfies FastifyHttpOptions<Server>
}

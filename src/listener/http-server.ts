import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Config } from '../config/schema.ts'
import type { ConnectionLimiter } from '../overload/connection-limiter.ts'
import type { RequestLimiter } from '../overload/request-limiter.ts'
import type { UpgradeRequests } from '../proxy/upgrades.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Certificate } from './certificate.ts'
import { lingerBehindEarlyAnswers } from './linger.ts'
import { refuseLargeHeaders, refuseOtherMethods, refuseTunnel, refuseUnreadable } from './refusals.ts'
import { createTlsServer } from './tls-server.ts'
import { closeBehindUnreadAnswers } from './unread-answers.ts'

/** The longest time between two checks for slow heads. */
const maxCheckIntervalMs = 5_000

/** Limits that are fixed when a server is created. */
export type HttpServerSettings = Pick<Config['server'], 'maxHeaderBytes' | 'timeouts'>

export type HttpServerParts = {
  logger: Logger
  /** Runs before every request. */
  overload: Pick<RequestLimiter, 'guard' | 'guardUpgrades'> & Pick<ConnectionLimiter, 'watch'>
  upgrades: Pick<UpgradeRequests, 'accept' | 'isAnswerDue'>
  /** Answers requests. */
  routing: RequestListener
}

export type HttpServer = ReturnType<typeof createHttpServer>

/**
 * Creates a server that reads requests from the connections that it is given. It does not listen at an address. It limits heads but
 * not bodies, which are streamed and never buffered.
 * @param certificate if given, the server uses TLS
 */
export function createHttpServer(
  { maxHeaderBytes, timeouts }: HttpServerSettings,
  certificate: Certificate | undefined,
  { logger, overload, upgrades, routing }: HttpServerParts,
) {
  const http = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: timeouts.headers,
    connectionsCheckingInterval: Math.min(timeouts.headers, maxCheckIntervalMs),
    // The boundary refuses a missing Host itself, with a code and a request id.
    requireHostHeader: false,
  }
  const guarded = closeBehindUnreadAnswers(
    lingerBehindEarlyAnswers(
      overload.guard(refuseLargeHeaders(refuseOtherMethods(routing, logger), maxHeaderBytes, logger)),
    ),
    timeouts.transfer,
  )
  const tls = certificate && createTlsServer(certificate, { maxHeaderBytes, timeouts }, http, guarded)
  const server = tls?.server ?? createServer(http, guarded)
  // Answers are sent in order (RFC 9112 §9.3.2). A refusal that is written now would be read as the answer that is still due.
  const closeWhereDue = (socket: Socket): boolean => {
    const isDue = upgrades.isAnswerDue(socket)
    if (isDue) socket.destroy()
    return isDue
  }
  server.on('connect', (request, way: Socket | ServerResponse) => {
    if ('writeHead' in way || !closeWhereDue(way)) refuseTunnel(request, way, logger)
  })
  server.on('clientError', (error, socket) => {
    if (!closeWhereDue(socket as Socket)) refuseUnreadable(error, socket as Socket, logger)
  })
  upgrades.accept(server, overload.guardUpgrades(routing))
  overload.watch(server)
  // No request timeout, because uploads may take long. `headersTimeout` ends slow heads, readers of a body its stalls (`timeouts.transfer`).
  Object.assign(server, { keepAliveTimeout: timeouts.keepAlive, requestTimeout: 0 })
  // Node starts to check for slow heads and idle connections when a server listens, so emit that event.
  server.emit('listening')
  return {
    server,
    setCertificate: (next: Certificate): void => tls?.setCertificate(next),
    /** From now on each answer says that it is the last on its connection. Idle connections are closed after `idleMs`. */
    stopKeepAlive(idleMs: number): void {
      server.prependListener('request', (_request, response) => (response.shouldKeepAlive = false))
      server.keepAliveTimeout = idleMs
    },
    /** Closes idle connections. HTTP/2 connections close when their streams have ended. */
    closeIdle(): void {
      tls?.closeSessions()
      server.closeIdleConnections()
    },
  }
}

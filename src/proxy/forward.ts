import type { FastifyReply, FastifyRequest } from 'fastify'

import { Exchange } from './exchange.ts'
import type { ProxyFailureCode } from './failure.ts'
import type { OpenConnections } from './open-connections.ts'
import type { IsOwnCookie } from './own-cookies.ts'
import { upstreamHeaders } from './request-headers.ts'
import type { Lane, Upstream } from './upstream.ts'

export type Forwarder = {
  openConnections: OpenConnections
  isOwnCookie: IsOwnCookie
  onFailure(reply: FastifyReply, code: ProxyFailureCode, cause: unknown): void
}

/**
 * Carries one decided request to its upstream, and the answer back.
 * @param upgradeHead bytes behind the head of an upgrade request; undefined for any other request
 */
export function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  upstream: Upstream,
  upgradeHead: Buffer | undefined,
  forwarder: Forwarder,
): void {
  const { raw: client, facts, principal } = request
  const { openConnections, isOwnCookie } = forwarder
  const isUpgrade = upgradeHead !== undefined
  const hasBody = !isUpgrade && bringsBody(request)
  const lane = laneOf(request, upstream, isUpgrade)
  const head = { rawHeaders: client.rawHeaders, connection: client.headers.connection, hasBody }
  const session = principal?.kind === 'user' ? request.session : undefined

  new Exchange({
    lane,
    request: {
      path: facts.path + facts.query,
      method: facts.method,
      headers: upstreamHeaders(head, facts, request.upstreamIdentity, isOwnCookie),
      body: hasBody ? client : null,
      upgrade: isUpgrade ? 'websocket' : null,
      headersTimeout: lane.headersTimeoutMs,
    },
    client,
    reply,
    upgradeHead,
    clientKey: session?.id ?? facts.clientIp,
    session,
    asked: facts,
    openConnections,
    isOwnCookie,
    onFailure: (code, cause) => forwarder.onFailure(reply, code, cause),
  }).start()
}

// RFC 9112 §6.3: a request has a body exactly where one of the two says so.
function bringsBody({ raw: { headers } }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function laneOf({ raw: { headers } }: FastifyRequest, upstream: Upstream, isUpgrade: boolean): Lane {
  if (isUpgrade) return upstream.upgrades
  return headers.accept?.includes('text/event-stream') ? upstream.streams : upstream.requests
}

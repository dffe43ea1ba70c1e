import type { FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import { loopHeader } from '../headers/removed-headers.ts'
import { Exchange } from './exchange.ts'
import type { ProxyFailureCode } from './failure.ts'
import type { OpenConnections } from './open-connections.ts'
import type { IsOwnCookie } from './own-cookies.ts'
import { upstreamHeaders } from './request-headers.ts'
import { removedPrefix, rewritePath } from './rewrite-path.ts'
import type { Lane, Lanes, Upstream } from './upstream-connections.ts'

export type Forwarder = {
  /** By name. */
  upstreams: ReadonlyMap<string, Upstream>
  openConnections: OpenConnections
  isOwnCookie: IsOwnCookie
  /** The header value that marks our own requests, so that one that comes back is recognized. */
  loopMark: string
  /** `server.timeouts.transfer`. */
  transferTimeoutMs: number
}

/**
 * Prepares the exchange of one request that policy allowed: chooses its upstream and lane, and builds the upstream's request.
 * @param upgradeHead bytes after the head of an upgrade request; undefined for any other request
 * @throws STAGEDOOR_INTERNAL unless a decision allows the request
 * @throws STAGEDOOR_BOUNDARY_NOT_FOUND for a path that the upstream's `rewrite` does not cover. Unchanged, it could mean
 * something else at the upstream than the rules intended.
 */
export function prepareExchange(
  request: FastifyRequest,
  reply: FastifyReply,
  upgradeHead: Buffer | undefined,
  forwarder: Forwarder,
): Exchange {
  const { raw: client, facts, principal } = request
  const { openConnections, isOwnCookie, transferTimeoutMs } = forwarder
  const upstream = upstreamOf(request, forwarder)
  const isUpgrade = upgradeHead !== undefined
  const hasBody = !isUpgrade && bringsBody(request)
  const lane = laneOf(request, principal?.kind === 'anonymous' ? upstream.strangers : upstream, isUpgrade)
  const head = { rawHeaders: client.rawHeaders, connection: client.headers.connection, hasBody }
  const path = upstream.rewrite === undefined ? facts.path : rewritePath(facts.path, upstream.rewrite)
  if (path === undefined) throw new GatewayError('STAGEDOOR_BOUNDARY_NOT_FOUND', { reason: 'outside-rewrite' })
  const headers = upstreamHeaders(head, facts, request.upstreamIdentity, isOwnCookie)
  headers.push(loopHeader, forwarder.loopMark)
  if (upstream.rewrite !== undefined) headers.push('X-Forwarded-Prefix', removedPrefix(upstream.rewrite))
  const session = principal?.kind === 'user' ? request.session : undefined

  return new Exchange({
    lane,
    request: {
      path: path + facts.query,
      method: facts.method,
      headers,
      body: hasBody ? client : null,
      bodyLength: Number(client.headers['content-length'] ?? -1),
      upgrade: isUpgrade ? 'websocket' : undefined,
      headTimeoutMs: lane.headersTimeoutMs,
      bodyTimeoutMs: transferTimeoutMs,
    },
    client: { request: client, reply, upgradeHead, isOwnCookie, transferTimeoutMs },
    session,
    asked: facts,
    openConnections,
    onFailure: (code, cause) => fail(reply, code, cause, upstream),
  })
}

/** The upstream that the matching rule names, or the default one (`config/derived-settings.ts`): policy decided on it. */
function upstreamOf({ decision }: FastifyRequest, { upstreams }: Forwarder): Upstream {
  const upstream = decision?.effect === 'allow' ? upstreams.get(decision.upstream) : undefined
  if (upstream === undefined) throw new GatewayError('STAGEDOOR_INTERNAL', { reason: 'no-decision' })
  return upstream
}

// RFC 9112 §6.3: a request has a body only if `Transfer-Encoding` or `Content-Length` says so.
export function bringsBody({ raw: { headers } }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function laneOf({ raw: { headers } }: FastifyRequest, lanes: Lanes, isUpgrade: boolean): Lane {
  if (isUpgrade) return lanes.upgrades
  return headers.accept?.includes('text/event-stream') ? lanes.streams : lanes.requests
}

function fail(reply: FastifyReply, code: ProxyFailureCode, cause: unknown, { maxHeaderBytes }: Upstream): void {
  if (code === 'STAGEDOOR_PROXY_OVERLOADED') {
    reply.send(new GatewayError(code, { headers: { 'Retry-After': '1' } }))
  } else if (code === 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE') {
    const name = reply.request.decision?.effect === 'allow' ? reply.request.decision.upstream : ''
    reply.send(new GatewayError(code, { cause, detail: `upstreams.${name}.maxHeaderBytes is ${maxHeaderBytes} bytes` }))
  } else {
    reply.send(new GatewayError(code, { cause }))
  }
}

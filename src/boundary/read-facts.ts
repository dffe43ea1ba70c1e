import type { IncomingMessage } from 'node:http'

import type { ErrorCode } from '../errors/error-table.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isNavigation } from '../headers/page-or-script.ts'
import { loopHeader } from '../headers/removed-headers.ts'
import { traceparentFor } from '../headers/trace-context.ts'
import type { RandomBytes } from '../seal/random.ts'
import { clientConnection } from './client-behind-proxies.ts'
import type { RequestFacts } from './facts.ts'
import { forwardedRequest, isForwardAuth } from './forward-auth-request.ts'
import { hasUnclearCoding, hasUncountableLength, methodOverride, repeatedSingleton } from './received-headers.ts'
import { type ReadPath, readPath, isPlainQuery, type RequestTarget, splitTarget } from './request-target.ts'
import { isProbeWithoutHost, requestedHost } from './requested-host.ts'
import type { ProxyTrust } from './trusted-proxies.ts'

export type FactsOptions = {
  isTrustedProxy: ProxyTrust
  randomBytes: RandomBytes
  /** Header value added to every forwarded request, to detect a request that loops back. */
  loopMark: string
  /** Path prefix of the gateway's own endpoints. */
  prefix: string
  /** Path prefix of the probes. Probes may use HTTP/1.0 without `Host`. */
  probePath: string
  /** Path of the forward-auth endpoint. The facts then describe the client request that the proxy asks about. */
  forwardAuthPath: string
  /** Names, in lower case, of identity headers that are forwarded when a trusted proxy sends them. */
  passProxyHeaders: ReadonlySet<string>
}

/**
 * Reads the facts of one request.
 * @throws STAGEDOOR_BOUNDARY_… for a request that two parsers could read differently, or that a trusted proxy must not send
 */
export function requestFacts(raw: IncomingMessage, requestId: string, options: FactsOptions): RequestFacts {
  refuseAmbiguous(raw)
  const received = canonicalTarget(raw.url ?? '', options, 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL')
  const isAsked = isForwardAuth(received.path, options.forwardAuthPath)
  const override = methodOverride(raw.headers)
  if (override !== undefined) throw new GatewayError(overrideCodes[isAsked ? 'asked' : 'sent'], { reason: override })
  if (raw.headers[loopHeader] === options.loopMark) throw new GatewayError('STAGEDOOR_BOUNDARY_LOOP')
  const peer = { remoteAddress: raw.socket.remoteAddress ?? '', isEncrypted: 'encrypted' in raw.socket }
  const { isForwarded, clientIp, protocol, host: named } = clientConnection(peer, raw.headers, options.isTrustedProxy)
  const host = isProbeWithoutHost(raw, received.path, options.probePath) ? '' : requestedHost(raw, named)
  const { method, path, oddity, query, askedBy }: Asked = isAsked
    ? askedAbout(raw, received, isForwarded, options)
    : { ...received, method: raw.method ?? 'GET', askedBy: undefined }
  // Lists each field: spreading objects is slow, and this runs for every request.
  return {
    requestId,
    traceparent: traceparentFor(raw.headers, isForwarded, options.randomBytes),
    method,
    path,
    oddity,
    query,
    host,
    protocol,
    clientIp,
    passedHeaders: isForwarded ? options.passProxyHeaders : undefined,
    isNavigation: isNavigation(method, raw.headers),
    isUpgrade: raw.headers.upgrade !== undefined,
    askedBy,
  }
}

/** A forward-auth proxy treats 403 as a refusal, but 400 as its own error. */
const overrideCodes = {
  sent: 'STAGEDOOR_BOUNDARY_METHOD_OVERRIDE',
  asked: 'STAGEDOOR_BOUNDARY_FORWARDED_METHOD_OVERRIDE',
} as const

type Asked = Pick<RequestFacts, 'method' | 'path' | 'oddity' | 'query' | 'askedBy'>

function askedAbout(raw: IncomingMessage, target: RequestTarget, isTrusted: boolean, options: FactsOptions): Asked {
  if (!isTrusted) throw new GatewayError('STAGEDOOR_BOUNDARY_UNTRUSTED_PROXY')
  const question = { ...target, method: raw.method ?? 'GET', headers: raw.headers }
  const forwarded = forwardedRequest(question, options.forwardAuthPath)
  if (typeof forwarded === 'string')
    throw new GatewayError('STAGEDOOR_BOUNDARY_FORWARDED_REQUEST_UNCLEAR', { reason: forwarded })
  const { askedBy, method } = forwarded
  const original = canonicalTarget(forwarded.target, options, 'STAGEDOOR_BOUNDARY_FORWARDED_PATH_NOT_CANONICAL')
  return { ...original, method, askedBy }
}

type NotCanonical = 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL' | 'STAGEDOOR_BOUNDARY_FORWARDED_PATH_NOT_CANONICAL'

function canonicalTarget(target: string, { prefix }: FactsOptions, code: NotCanonical): ReadPath & RequestTarget {
  const { path, query } = splitTarget(target)
  const read = readPath(path)
  if (typeof read === 'string') throw new GatewayError(code, { reason: read })
  // A path that could be read as one of the gateway's own endpoints is refused here, so that no rule can forward it.
  if (read.oddity?.plainest.startsWith(prefix)) throw new GatewayError(code, { reason: read.oddity.reason })
  if (!isPlainQuery(query)) throw new GatewayError(code, { reason: 'query' })
  return { ...read, query }
}

function refuseAmbiguous(raw: IncomingMessage): void {
  const { rawHeaders, headers, httpVersion } = raw
  const name = repeatedSingleton(rawHeaders)
  if (name !== undefined) refuse(raw, 'STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS', name)
  // Node's HTTP/1 parser also accepts the versions 0.9 and 2.0.
  if (!isHttp2(raw) && httpVersion !== '1.1' && httpVersion !== '1.0')
    refuse(raw, 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST', 'version')
  if (hasUncountableLength(headers['content-length']))
    refuse(raw, 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST', 'content-length')
  if (hasUnclearCoding(headers['transfer-encoding'], httpVersion))
    refuse(raw, 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST', 'transfer-encoding')
}

/** Refuses, and closes an HTTP/1 connection: its end of the request is unclear, so the next one cannot be found (RFC 9112 §6.3). */
function refuse(raw: IncomingMessage, code: ErrorCode, reason: string): never {
  throw new GatewayError(code, { reason, headers: isHttp2(raw) ? {} : { connection: 'close' } })
}

function isHttp2(raw: IncomingMessage): boolean {
  return 'stream' in raw
}

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { type BareAnswer, bareAnswer } from '../errors/bare-answer.ts'
import type { ErrorCode } from '../errors/error-table.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { wantsPage } from '../headers/page-or-script.ts'
import { slots } from '../oidc/login-slots.ts'
import { forwardedMethods } from '../rule-matching/methods.ts'
import { chunkNames } from '../session/session-cookie.ts'
import type { Logger } from '../telemetry/logger.ts'
import { linger } from './linger.ts'

const allowed = new Set(forwardedMethods)
const allow = { Allow: forwardedMethods.join(', ') }

/**
 * Answers requests whose method reaches no upstream, before Fastify sees them: over HTTP/2 a method can be any word, and
 * Fastify has no hook for those that it does not know.
 */
export function refuseOtherMethods(next: RequestListener, logger: Logger): RequestListener {
  return (request, response) => {
    if (allowed.has(request.method ?? '')) next(request, response)
    else refuseMethod(request, response, logger)
  }
}

/**
 * Answers requests over HTTP/2 whose headers are too large. Its own limit binds a client only once that has acknowledged it, and
 * would reset the stream without an answer; over HTTP/1.1 node:http counts.
 */
export function refuseLargeHeaders(next: RequestListener, maxHeaderBytes: number, logger: Logger): RequestListener {
  return (request, response) => {
    if (request.httpVersionMajor === 1 || bytesOf(request) <= maxHeaderBytes) return next(request, response)
    const isPage = wantsPage(request.headers)
    const { status, headers, body } = refusal('STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE', 'http2', logger, isPage)
    response.writeHead(status, { ...headers, 'set-cookie': [...clearedCookies] })
    response.end(body)
  }
}

/** As in HTTP/1.1, where each field also has a colon, a space and the end of its line. */
function bytesOf({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length + 2, url.length)
}

function refuseMethod(request: IncomingMessage, response: ServerResponse, logger: Logger): void {
  const { status, headers, body } = refusal('STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED', 'method', logger)
  // The rest of a body would be read as the next request. HTTP/2 has a stream for each request.
  if (request.httpVersionMajor === 1) headers['connection'] = 'close'
  response.writeHead(status, headers)
  response.end(body)
}

/**
 * Answers `CONNECT`, for which Node calls no request listener.
 * @param way the socket over HTTP/1.1, the response over HTTP/2
 */
export function refuseTunnel(request: IncomingMessage, way: Socket | ServerResponse, logger: Logger): void {
  if ('writeHead' in way) return refuseMethod(request, way, logger)
  // node:http takes its own listeners off this socket; without one, a client that resets it would end the process.
  way.on('error', () => way.destroy())
  writeRefusal(way, refusal('STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED', 'method', logger), [])
}

/** Error codes of node:http for requests that it cannot parse. */
type ParseError = NodeJS.ErrnoException & { rawPacket?: Buffer }

const unreadable = new Map<string, ErrorCode>([
  ['HPE_HEADER_OVERFLOW', 'STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'],
])

/** The client is gone; or its TLS handshake has not ended, and an answer would wait for that. */
const unanswerable = new Set(['ECONNRESET', 'ERR_TLS_HANDSHAKE_TIMEOUT'])

/** Answers what node:http could not parse; there is no request to speak of, only a socket. */
export function refuseUnreadable(cause: ParseError, socket: Socket, logger: Logger): void {
  if (unanswerable.has(cause.code ?? '') || !socket.writable) return void socket.destroy()
  const code = codeOf(cause)
  const areHeadersTooLarge = code === 'STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE'
  const answer = refusal(code, cause.code ?? 'unreadable', logger, areHeadersTooLarge && !isProgram(cause.rawPacket))
  writeRefusal(socket, answer, areHeadersTooLarge ? clearedCookies : [])
}

/** The beginning of a request that accepts no HTML. Where only a later piece of it is at hand, it may be a browser's. */
function isProgram(rawPacket: Buffer | undefined): boolean {
  const text = rawPacket?.toString('latin1') ?? ''
  return requestLine.test(text) && !/\r\naccept:[^\r]*text\/html/i.test(text)
}

/** A request line whose only fault can be its method; anything else with that fault is no HTTP. */
const requestLine = /^[A-Za-z-]{1,32} [!-~]+ HTTP\/1\.[01]\r\n/

function codeOf({ code = '', rawPacket }: ParseError): ErrorCode {
  if (code === 'HPE_INVALID_METHOD' && requestLine.test(rawPacket?.toString('latin1') ?? ''))
    return 'STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED'
  return unreadable.get(code) ?? 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'
}

function refusal(code: ErrorCode, reason: string, logger: Logger, isPage = false): BareAnswer {
  const requestId = randomUUID()
  const isMethod = code === 'STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED'
  const error = new GatewayError(code, { reason, ...(isMethod && { headers: allow }) })
  logger.info({ code, reason, requestId }, error.message)
  return bareAnswer(error, requestId, isPage)
}

function writeRefusal(socket: Socket, { status, headers, body }: BareAnswer, cookies: readonly string[]): void {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  fields.push(...cookies.map((cookie) => `set-cookie: ${cookie}`))
  socket.write([`HTTP/1.1 ${status} `, ...fields, 'connection: close', '', body].join('\r\n'))
  linger(socket)
}

const names = [...chunkNames('stagedoor'), 'stagedoor-login', ...slots.map((slot) => `stagedoor-tx.${slot}`)]

/**
 * `Set-Cookie` values that take every cookie of ours away: headers that are too large stay so until cookies go. Which
 * ones came is not known then, so that each name goes as on https and as on plain http.
 */
const clearedCookies: readonly string[] = names.flatMap((name) => [
  `__Host-${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
  `${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
])

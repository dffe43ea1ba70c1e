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
 * Answers requests whose method is not forwarded, before Fastify sees them. Over HTTP/2 a method can be any word, and Fastify has
 * no hook for unknown methods.
 */
export function refuseOtherMethods(next: RequestListener, logger: Logger): RequestListener {
  return (request, response) => {
    if (allowed.has(request.method ?? '')) next(request, response)
    else refuseMethod(request, response, logger)
  }
}

/**
 * Answers HTTP/2 requests whose headers are too large. HTTP/2's own limit applies only after the client has acknowledged it, and
 * resets the stream without an answer. For HTTP/1.1, node:http enforces the limit.
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

/** The size that the head would have in HTTP/1.1, where each field adds a colon, a space and CRLF. */
function bytesOf({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length + 2, url.length)
}

function refuseMethod(request: IncomingMessage, response: ServerResponse, logger: Logger): void {
  const { status, headers, body } = refusal('STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED', 'method', logger)
  // Close the connection: the rest of a body would be read as the next request. HTTP/2 has a stream for each request.
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
  // node:http removes its own listeners from this socket. Without an `error` listener, a reset by the client would end the process.
  way.on('error', () => way.destroy())
  writeRefusal(way, refusal('STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED', 'method', logger), [])
}

/** Error codes of node:http for requests that it cannot parse. */
type ParseError = NodeJS.ErrnoException & { rawPacket?: Buffer }

const unreadable = new Map<string, ErrorCode>([
  ['HPE_HEADER_OVERFLOW', 'STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'],
])

/** The client is gone, or its TLS handshake is not complete, and an answer would wait for it. */
const unanswerable = new Set(['ECONNRESET', 'ERR_TLS_HANDSHAKE_TIMEOUT'])

/** Answers input that node:http could not parse. There is only a socket, no request. */
export function refuseUnreadable(cause: ParseError, socket: Socket, logger: Logger): void {
  if (unanswerable.has(cause.code ?? '') || !socket.writable) return void socket.destroy()
  const code = codeOf(cause)
  const areHeadersTooLarge = code === 'STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE'
  const answer = refusal(code, cause.code ?? 'unreadable', logger, areHeadersTooLarge && !isProgram(cause.rawPacket))
  writeRefusal(socket, answer, areHeadersTooLarge ? clearedCookies : [])
}

/** Whether the packet begins a request that does not accept HTML. A later part of a head may come from a browser, so it is false. */
function isProgram(rawPacket: Buffer | undefined): boolean {
  const text = rawPacket?.toString('latin1') ?? ''
  return requestLine.test(text) && !/\r\naccept:[^\r]*text\/html/i.test(text)
}

/** A valid request line with any method. Other input with an unknown method is not HTTP. */
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
 * `Set-Cookie` values that clear all our cookies: headers that are too large stay so until cookies are removed. It is not known
 * which cookies the client sent, so each name is cleared in its form for https and for plain http.
 */
const clearedCookies: readonly string[] = names.flatMap((name) => [
  `__Host-${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
  `${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
])

import type { RequestListener, Server } from 'node:http'
import { constants, createSecureServer, type Http2SecureServer, type Http2Session, type Http2Stream } from 'node:http2'

import type { Config } from '../config/schema.ts'
import type { Certificate } from './certificate.ts'
import { readAsHttp1 } from './http2-request.ts'

/** How many streams a client may have open on one connection. Browsers use about a hundred. */
const maxConcurrentStreams = 256

/** More than the largest `upstreams.<name>.maxHeaderBytes` and the headers we add. nghttp2's default is 64 KiB. */
const longestHeadBytes = 2_097_152

/**
 * TLS 1.3, and the cipher suites of TLS 1.2 with forward secrecy and authenticated encryption. HTTP/2 forbids the others
 * (RFC 9113 Appendix A).
 */
const ciphersOfToday = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  ...['ECDSA', 'RSA'].flatMap((key) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((cipher) => `ECDHE-${key}-${cipher}`),
  ),
].join(':')

/** All options together: `setSecureContext` resets those that it is not given. */
const secureContext = (certificate: Certificate) => ({
  ...certificate,
  minVersion: 'TLSv1.2' as const,
  ciphers: ciphersOfToday,
})

/** HTTP/2 for clients that support it (ALPN), otherwise HTTP/1.1, on one port. The limits are those of the plain listener. */
export function createTlsServer(
  certificate: Certificate,
  { timeouts, maxHeaderBytes }: Pick<Config['server'], 'timeouts' | 'maxHeaderBytes'>,
  http1: object,
  handler: RequestListener,
) {
  const server = createSecureServer(
    {
      ...http1,
      ...secureContext(certificate),
      allowHTTP1: true,
      // As in node:http. Without it, small writes of an event stream would be delayed.
      noDelay: true,
      handshakeTimeout: timeouts.headers,
      // A stream over this limit is reset. Heads below it that are still too large get an answer (`refusals.ts`).
      settings: { maxConcurrentStreams, maxHeaderListSize: 2 * maxHeaderBytes },
      // Upstreams repeat fields, such as X-Content-Type-Options. Allow them, as over HTTP/1.1.
      strictSingleValueFields: false,
      maxSendHeaderBlockLength: longestHeadBytes,
    },
    (request, response) => {
      // The compatibility API of node:http2 resembles node:http; code that meets a difference checks `httpVersionMajor`.
      const read = request.httpVersionMajor === 2 ? readAsHttp1(request) : request
      handler(read as Parameters<RequestListener>[0], response as unknown as Parameters<RequestListener>[1])
    },
  )
  server.on('stream', (stream) => resetWhenStuck(stream, timeouts.transfer))
  const sessions = sessionsOf(server, timeouts.keepAlive)
  return {
    server: server as unknown as Server,
    /** For new connections. */
    setCertificate: (next: Certificate): void => server.setSecureContext(secureContext(next)),
    /** Closes each HTTP/2 connection when its streams have ended (GOAWAY). */
    closeSessions(): void {
      for (const session of sessions) session.close()
    },
  }
}

/** Resets a stream whose client does not read its answer, or does not end its side after it: the stream counts as a request under way. */
function resetWhenStuck(stream: Http2Stream, timeoutMs: number): void {
  stream.setTimeout(timeoutMs)
  stream.on('timeout', () => {
    if (stream.writableLength > 0 || stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
  })
}

/** The open HTTP/2 connections. Closes one when no bytes have passed in either direction for `keepAliveMs`; open streams may finish. */
function sessionsOf(server: Http2SecureServer, keepAliveMs: number): ReadonlySet<Http2Session> {
  const sessions = new Set<Http2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(keepAliveMs, () => session.close())
  })
  return sessions
}

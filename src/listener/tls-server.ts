import type { RequestListener, Server } from 'node:http'
import { constants, createSecureServer, type Http2SecureServer, type Http2Session, type Http2Stream } from 'node:http2'

import type { Config } from '../config/schema.ts'
import type { Certificate } from './certificate.ts'
import { readAsHttp1 } from './http2-request.ts'

/** Streams that one client may have open at a time on one connection: a browser's hundred requests and then some. */
const maxConcurrentStreams = 256

/** More than the largest `upstreams.<name>.maxHeaderBytes` and what we add; nghttp2 would stop at 64 KiB. */
const longestHeadBytes = 2_097_152

/**
 * TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticated encryption; HTTP/2 forbids the others (RFC 9113 Appendix A).
 */
const ciphersOfToday = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  ...['ECDSA', 'RSA'].flatMap((key) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((cipher) => `ECDHE-${key}-${cipher}`),
  ),
].join(':')

/** All of it together: `setSecureContext` forgets what it is not given again. */
const secureContext = (certificate: Certificate) => ({
  ...certificate,
  minVersion: 'TLSv1.2' as const,
  ciphers: ciphersOfToday,
})

/** HTTP/2 where the client speaks it (ALPN), else HTTP/1.1, on one port; limits as of the plain listener. */
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
      // node:http does the same; without it the small writes of an event stream would wait for each other.
      noDelay: true,
      handshakeTimeout: timeouts.headers,
      // Past this a stream is reset; what is too large before gets an answer (`refusals.ts`).
      settings: { maxConcurrentStreams, maxHeaderListSize: 2 * maxHeaderBytes },
      // Upstreams repeat fields, such as X-Content-Type-Options. They pass as they do over HTTP/1.1.
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
    /** Has each HTTP/2 connection end when its streams have (GOAWAY). */
    closeSessions(): void {
      for (const session of sessions) session.close()
    },
  }
}

/** Resets a stream whose client takes nothing of its answer, or has all of it and does not end its side: it counts as a request under way. */
function resetWhenStuck(stream: Http2Stream, timeoutMs: number): void {
  stream.setTimeout(timeoutMs)
  stream.on('timeout', () => {
    if (stream.writableLength > 0 || stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
  })
}

/** The open HTTP/2 connections. Idle ones are closed: idle means that nothing passes in either direction; streams that are open may finish. */
function sessionsOf(server: Http2SecureServer, keepAliveMs: number): ReadonlySet<Http2Session> {
  const sessions = new Set<Http2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(keepAliveMs, () => session.close())
  })
  return sessions
}

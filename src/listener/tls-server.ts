import type { RequestListener, Server } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'

import type { Config } from '../config/schema.ts'
import type { CurrentCertificate } from './certificate.ts'
import { readAsHttp1 } from './http2-request.ts'

/** Streams that one client may have open at a time on one connection: a browser's hundred requests and then some. */
const maxConcurrentStreams = 256

/** HTTP/2 where the client speaks it (ALPN), else HTTP/1.1, on one port; limits as of the plain listener. */
export function createTlsServer(
  certificate: CurrentCertificate,
  { timeouts, maxHeaderBytes }: Config['server'],
  http1: object,
  handler: RequestListener,
): Server {
  const server = createSecureServer(
    {
      ...http1,
      ...certificate.current(),
      allowHTTP1: true,
      // As node:http has it; else the small writes of an event stream would wait for each other.
      noDelay: true,
      handshakeTimeout: timeouts.headers,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes },
    },
    (request, response) => {
      // The compatibility API of node:http2 resembles node:http; code that meets a difference checks `httpVersionMajor`.
      const read = request.httpVersionMajor === 2 ? readAsHttp1(request) : request
      handler(read as Parameters<RequestListener>[0], response as unknown as Parameters<RequestListener>[1])
    },
  )
  certificate.onChange((next) => server.setSecureContext(next))
  closeIdleSessions(server, timeouts.keepAlive)
  return server as unknown as Server
}

/** Idle means that nothing passes in either direction; streams that are open may finish. */
function closeIdleSessions(server: Http2SecureServer, keepAliveMs: number): void {
  server.on('session', (session) => {
    session.setTimeout(keepAliveMs, () => session.close())
  })
}

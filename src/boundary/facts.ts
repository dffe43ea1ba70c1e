import type {} from 'fastify'

import type { AskingProxy } from './forward-auth-request.ts'
import type { ReadPath } from './request-target.ts'

/** Facts about one request, established by the boundary. Later stages read these and never the raw request line. */
export type RequestFacts = {
  /** The id of this request in log lines, answers and the `X-Request-Id` that the upstream gets. */
  requestId: string
  /** W3C Trace Context `traceparent`, new or continued from a trusted proxy. */
  traceparent: string
  method: string
  /** The canonical path, which rules match and the upstream gets. Percent-encoded, except for unreserved characters. */
  path: string
  /** Set if servers may read the path differently. Only rules with `paths: as-is` allow such a path. */
  oddity?: ReadPath['oddity']
  /** The query with its `?`, or an empty string. */
  query: string
  /** The host (and port) that the client addressed, in lower case. */
  host: string
  protocol: 'http' | 'https'
  clientIp: string
  /** Names, in lower case, of identity headers that are forwarded: those in `server.passProxyHeaders`, if a trusted proxy sent the request. */
  passedHeaders?: ReadonlySet<string> | undefined
  /** A browser loads a page with this request. Only such requests may be redirected to login. */
  isNavigation: boolean
  /** An HTTP/1.1 `Upgrade: websocket` request. */
  isUpgrade: boolean
  /** Set if a trusted proxy asks about this request (forward-auth) instead of forwarding it. */
  askedBy?: AskingProxy | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    facts: RequestFacts
  }
}

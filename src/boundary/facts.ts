import type {} from 'fastify'

import type { AskingProxy } from './forward-auth-request.ts'
import type { ReadPath } from './request-target.ts'

/** Facts about one request, established by the boundary. Later stages read these and never the raw request line. */
export type RequestFacts = {
  /** Our id for this request: in every log line, every answer and the upstream's `X-Request-Id`. */
  requestId: string
  /** W3C Trace Context `traceparent`, ours or continued from a trusted proxy. */
  traceparent: string
  method: string
  /** The path, still percent-encoded but for unreserved characters: what rules match and what the upstream gets, one spelling only. */
  path: string
  /** Set where servers may read the path differently: only rules with `paths: as-is` let it pass. */
  oddity?: ReadPath['oddity']
  /** The query with its `?`, or an empty string. */
  query: string
  /** Host (and port) the client addressed, lower case. */
  host: string
  protocol: 'http' | 'https'
  clientIp: string
  /** Names of identity headers, in lower case, that travel on: those in `server.passProxyHeaders`, where a trusted proxy sent the request. */
  passedHeaders?: ReadonlySet<string> | undefined
  /** A person's browser loading a page: the only kind of request that may be redirected to login. */
  isNavigation: boolean
  /** An HTTP/1.1 `Upgrade: websocket` request. */
  isUpgrade: boolean
  /** Set where a trusted proxy asks about this request instead of forwarding it. */
  askedBy?: AskingProxy | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    facts: RequestFacts
  }
}

import { type Dispatcher, Pool } from 'undici'

import { type Admission, createAdmission } from './admission.ts'

export type UpstreamOptions = {
  /** Origin of the upstream, `http://host:port` or `https://…`; a path is not allowed. */
  url: string
  /** For a connection to stand, TLS included. */
  connectTimeoutMs?: number
  /** From the request sent to the response head received. Bodies and open streams have no limit. */
  headersTimeoutMs?: number
  /** The same for the answer to an upgrade: Backstage may leave one unanswered for good. */
  handshakeTimeoutMs?: number
  /** Requests under way at a time, each on a connection of its own. */
  maxConnections?: number
  /** Requests that may wait for a connection. */
  maxWaiting?: number
  maxWaitMs?: number
  /** Upgrades and event streams open at a time; they do not count as requests under way. */
  maxStreams?: number
}

export const upstreamDefaults = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 60_000,
  handshakeTimeoutMs: 10_000,
  maxConnections: 512,
  maxWaiting: 1_024,
  maxWaitMs: 10_000,
  maxStreams: 20_000,
} as const

/** A way to the upstream: connections, and the bound on what may be under way. */
export type Lane = { dispatcher: Dispatcher; admission: Admission; headersTimeoutMs: number }

export type Upstream = {
  requests: Lane
  /** Event streams stay open for hours: apart, so that they neither take a request's place nor lengthen its search. */
  streams: Lane
  upgrades: Lane
  /** Destroys all connections; what is under way fails. */
  close(): Promise<void>
}

/** @throws TypeError when `url` is not an origin */
export function createUpstream(given: UpstreamOptions): Upstream {
  const options = { ...upstreamDefaults, ...given }
  const { origin } = new URL(options.url)
  const requestPool = createPool(origin, options.connectTimeoutMs)
  const streamPool = createPool(origin, options.connectTimeoutMs)
  const { maxConnections, maxWaiting, maxWaitMs, maxStreams } = options
  const streamAdmission = createAdmission({ maxActive: maxStreams, maxWaiting: 0, maxWaitMs: 0 })
  return {
    requests: {
      dispatcher: requestPool,
      admission: createAdmission({ maxActive: maxConnections, maxWaiting, maxWaitMs }),
      headersTimeoutMs: options.headersTimeoutMs,
    },
    streams: { dispatcher: streamPool, admission: streamAdmission, headersTimeoutMs: options.headersTimeoutMs },
    upgrades: { dispatcher: streamPool, admission: streamAdmission, headersTimeoutMs: options.handshakeTimeoutMs },
    async close() {
      await Promise.all([requestPool.destroy(), streamPool.destroy()])
    },
  }
}

// The admission bounds the pool: a pool's own limit would queue without bound, order or a way out.
function createPool(origin: string, connectTimeoutMs: number): Pool {
  return new Pool(origin, { allowH2: false, connectTimeout: connectTimeoutMs, bodyTimeout: 0, pipelining: 1 })
}

import { type ConnectionPool, createConnectionPool } from './http1/connection-pool.ts'
import type { UpstreamTls } from './http1/socket.ts'
import { startProbing } from './probe.ts'
import { maxAttemptsAt } from './retry.ts'
import type { Rewrite } from './rewrite-path.ts'
import {
  type AddressHealth,
  type Choose,
  createAddressHealth,
  createChooser,
  type Target,
} from './upstream-addresses.ts'
import { Admission } from './upstream-limit.ts'

export type UpstreamOptions = {
  /** Interchangeable addresses: `http://host:port`, `https://…` or `unix:/path`. */
  urls: readonly string[]
  /** Limit for opening a connection, TLS handshake included. */
  connectTimeoutMs: number
  /** Limit from the request sent to the response head received. Bodies and open streams have no limit. */
  headersTimeoutMs: number
  /** Limit for the answer to an upgrade: Backstage may never answer one. */
  handshakeTimeoutMs: number
  /** Requests under way at the same time, each on its own connection. */
  maxConnections: number
  /** Requests that may wait for a connection. */
  maxWaiting: number
  maxWaitMs: number
  /** Upgrades and event streams open at a time; they do not count as requests under way. */
  maxStreams: number
  /** How long an address gets no requests after a connection to it could not be opened. */
  coolDownMs: number
  /** Longest head of an answer, in bytes. */
  maxHeaderBytes: number
  /** The health check of each address; undefined for none. */
  probe?: { path: string; everyMs: number; timeoutMs: number } | undefined
  tls?: UpstreamTls | undefined
  rewrite?: Rewrite | undefined
  /** An address has begun to fail, or, without a cause, works again. */
  onChange?: (url: string, cause: Error | undefined) => void
}

/** How one class of requests reaches an upstream: a choice of addresses, and a limit on the requests under way. */
export type Lane = {
  choose: Choose
  /** How often one request may be sent. */
  maxAttempts: number
  hasAlternatives: boolean
  admission: Admission
  headersTimeoutMs: number
}

/** Event streams stay open for hours. They are counted separately, so that they take no place of a request. */
export type Lanes = { requests: Lane; streams: Lane; upgrades: Lane }

export type Upstream = ReturnType<typeof createUpstream>

/** @throws TypeError when a URL is invalid, or there is none */
export function createUpstream(options: UpstreamOptions) {
  const addresses = options.urls.map((url) => createAddress(url, options))
  return {
    ...lanesTo(addresses, options),
    /** Lanes for callers who are not signed in. However many places these take, signed-in callers keep theirs. */
    strangers: lanesTo(addresses, options),
    rewrite: options.rewrite,
    maxHeaderBytes: options.maxHeaderBytes,
    /** How many addresses there are, and how many of them fail. */
    condition: () => ({
      addresses: addresses.length,
      failing: addresses.filter(({ health }) => health.isFailing).length,
    }),
    /** Destroys all connections; requests under way fail. */
    close(): void {
      for (const address of addresses) address.close()
    },
  }
}

type Addresses = readonly ReturnType<typeof createAddress>[]

function lanesTo(addresses: Addresses, options: UpstreamOptions): Lanes {
  const { maxConnections, maxWaiting, maxWaitMs, maxStreams, headersTimeoutMs, handshakeTimeoutMs } = options
  const shared = {
    headersTimeoutMs,
    hasAlternatives: addresses.length > 1,
    maxAttempts: maxAttemptsAt(addresses.length),
  }
  const requests = {
    ...shared,
    choose: createChooser(targetsOf(addresses)),
    admission: new Admission({ maxActive: maxConnections, maxWaiting, maxWaitMs }),
  }
  const streams = {
    ...shared,
    choose: createChooser(targetsOf(addresses)),
    admission: new Admission({ maxActive: maxStreams, maxWaiting: 0, maxWaitMs: 0 }),
  }
  return { requests, streams, upgrades: { ...streams, headersTimeoutMs: handshakeTimeoutMs } }
}

function createAddress(url: string, options: UpstreamOptions) {
  const { connectTimeoutMs, coolDownMs, maxHeaderBytes, tls, probe, onChange } = options
  // The admissions bound the requests under way. A limit in the pool would be a second queue, without order or timeout.
  const connections = createConnectionPool(url, { connectTimeoutMs, maxHeaderBytes, tls })
  const health = createAddressHealth({
    coolDownMs,
    now: () => performance.now(),
    onChange: (cause) => onChange?.(url, cause),
  })
  const onResult = (cause: Error | undefined): void => health.probed(cause)
  const stopProbing = probe === undefined ? undefined : startProbing({ ...probe, connections, url, onResult })
  return {
    connections,
    health,
    close() {
      stopProbing?.()
      connections.close()
    },
  }
}

function targetsOf(
  addresses: readonly { connections: ConnectionPool; health: AddressHealth }[],
): [Target, ...Target[]] {
  const [first, ...others] = addresses.map(({ connections, health }) => ({ connections, health, active: 0 }))
  if (first === undefined) throw new TypeError('an upstream needs at least one address')
  return [first, ...others]
}

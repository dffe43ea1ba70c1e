import { buildConnector, Pool } from 'undici'

/** How an upstream is reached over TLS, certificates as PEM text. */
export type UpstreamTls = {
  /** Who signed the upstream's certificate; without it, the authorities that Node knows. */
  ca?: string | undefined
  /** Our own certificate, where the upstream asks for one. */
  certificate?: string | undefined
  key?: string | undefined
  /** Name in the upstream's certificate, where it is not the host of its URL. */
  serverName?: string | undefined
}

export type PoolOptions = { connectTimeoutMs: number; tls?: UpstreamTls | undefined; connections?: number }

/**
 * The server name that requests give undici for TLS upstreams. It would take it from `Host`, which is the portal's, and
 * give up connections whenever it changes; the connector knows better, so this one only has to stay the same.
 */
export const pinnedServerName = 'upstream.invalid'

const socketScheme = 'unix:'

/** Connections to one address: an origin, or `unix:/path` for a socket. */
export function createPool(address: string, { connectTimeoutMs, tls, connections }: PoolOptions): Pool {
  const bound = connections === undefined ? {} : { connections }
  return new Pool(originOf(address), {
    ...bound,
    allowH2: false,
    bodyTimeout: 0,
    pipelining: 1,
    connect: connectorTo(address, connectTimeoutMs, tls),
  })
}

/** What stands for the address in undici. A socket has no host; what is asked there bears the portal's anyway. */
export function originOf(address: string): string {
  return address.startsWith(socketScheme) ? 'http://localhost' : new URL(address).origin
}

function connectorTo(
  address: string,
  connectTimeoutMs: number,
  { ca, certificate, key, serverName }: UpstreamTls = {},
): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(address.startsWith(socketScheme) && { socketPath: address.slice(socketScheme.length) }),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
  })
  // Without a name the connector takes the URL's host, which is what the certificate has to name.
  return (options, callback) => connect({ ...options, servername: serverName ?? '' }, callback)
}

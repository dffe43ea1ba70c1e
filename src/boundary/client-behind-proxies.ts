import type { IncomingHttpHeaders } from 'node:http'

import { forwardedAddress, plainAddress, type ProxyTrust } from './trusted-proxies.ts'

/** The client of a connection, as far as its headers can be trusted. */
type ClientConnection = {
  clientIp: string
  protocol: 'http' | 'https'
  /** The host from `X-Forwarded-Host` if a trusted proxy sent it, otherwise from `Host`. Not validated yet. */
  host: string
  /** True when the direct peer is a trusted proxy. */
  isForwarded: boolean
}

type DirectPeer = { remoteAddress: string; isEncrypted: boolean }

/** The name of a peer without an address, as on a Unix socket (RFC 7239 §6.2). */
const nameless = 'unknown'

// Some proxies send the WebSocket scheme.
const protocols = new Map<string | undefined, 'http' | 'https'>([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
])

/**
 * Reads `X-Forwarded-For/-Proto/-Host` from trusted proxies only. The client is the rightmost address that is not a trusted
 * proxy, because the client may have written everything to its left.
 */
export function clientConnection(
  peer: DirectPeer,
  headers: IncomingHttpHeaders,
  isTrustedProxy: ProxyTrust,
): ClientConnection {
  const peerIp = plainAddress(peer.remoteAddress) ?? ''
  const isForwarded = isTrustedProxy(peerIp)
  const protocol = peer.isEncrypted ? 'https' : 'http'
  if (!isForwarded) {
    return { clientIp: peerIp || nameless, protocol, host: headers.host ?? '', isForwarded }
  }
  return {
    clientIp: clientBehind(peerIp, listOf(headers['x-forwarded-for']), isTrustedProxy) || nameless,
    protocol: protocols.get(lastOf(headers['x-forwarded-proto'])?.toLowerCase()) ?? protocol,
    host: lastOf(headers['x-forwarded-host']) ?? headers.host ?? '',
    isForwarded,
  }
}

/** Follows `X-Forwarded-For` from right to left. At an entry that is not an address, the proxy that wrote it counts as the client. */
function clientBehind(peerIp: string, entries: readonly string[], isTrustedProxy: ProxyTrust): string {
  let client = peerIp
  for (const entry of entries.toReversed()) {
    const address = forwardedAddress(entry)
    if (address === undefined) return client
    client = address
    if (!isTrustedProxy(address)) return client
  }
  return client
}

function listOf(field: string | string[] | undefined): string[] {
  const joined = Array.isArray(field) ? field.join(',') : (field ?? '')
  return joined
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function lastOf(field: string | string[] | undefined): string | undefined {
  return listOf(field).at(-1)
}

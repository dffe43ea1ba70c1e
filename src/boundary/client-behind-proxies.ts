import type { IncomingHttpHeaders } from 'node:http'

import { forwardedAddress, plainAddress, type ProxyTrust } from './trusted-proxies.ts'

/** The client of a connection, as far as its headers can be trusted. */
type ClientConnection = {
  clientIp: string
  protocol: 'http' | 'https'
  /** The received host: the one that a trusted proxy names, else the request's own. */
  host: string
  /** True when the direct peer is a trusted proxy. */
  isForwarded: boolean
}

type DirectPeer = { remoteAddress: string; isEncrypted: boolean }

/** RFC 7239 §6.2: for a peer without an address, on a Unix socket. */
const nameless = 'unknown'

// Some proxies name the scheme of WebSockets.
const protocols = new Map<string | undefined, 'http' | 'https'>([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
])

/**
 * Reads `X-Forwarded-For/-Proto/-Host` from trusted proxies only: the client is the rightmost address that is not a
 * proxy of ours, because everything to its left was written by the client.
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

/** Walks from proxy to proxy; an entry that is no address ends the walk at the proxy that wrote it. */
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

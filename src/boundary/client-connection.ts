import type { IncomingHttpHeaders } from 'node:http'

import { plainAddress, type ProxyTrust } from './trusted-proxies.ts'

/** Who opened the connection, as far as it can be believed. */
export type ClientConnection = {
  clientIp: string
  protocol: 'http' | 'https'
  /** Lower case, with port where not the default. */
  host: string
  /** True when the direct peer is a trusted proxy. */
  isForwarded: boolean
}

type DirectPeer = { remoteAddress: string; isEncrypted: boolean }

/** RFC 7239 §6.2: for a peer without an address, on a Unix socket. */
const nameless = 'unknown'

/**
 * Reads `X-Forwarded-For/-Proto/-Host` from trusted proxies only: the client is the rightmost address that is not a
 * proxy of ours, because everything to its left was written by the client.
 */
export function clientConnection(
  peer: DirectPeer,
  headers: IncomingHttpHeaders,
  isTrustedProxy: ProxyTrust,
): ClientConnection {
  const peerIp = plainAddress(peer.remoteAddress)
  const direct: ClientConnection = {
    clientIp: peerIp || nameless,
    protocol: peer.isEncrypted ? 'https' : 'http',
    host: (headers.host ?? '').toLowerCase(),
    isForwarded: false,
  }
  if (!isTrustedProxy(peerIp)) return direct
  const protocol = lastOf(headers['x-forwarded-proto'])
  return {
    clientIp: firstUntrusted(listOf(headers['x-forwarded-for']), isTrustedProxy) ?? direct.clientIp,
    protocol: protocol === 'https' || protocol === 'http' ? protocol : direct.protocol,
    host: (lastOf(headers['x-forwarded-host']) ?? direct.host).toLowerCase(),
    isForwarded: true,
  }
}

function firstUntrusted(addresses: readonly string[], isTrustedProxy: ProxyTrust): string | undefined {
  const fromRight = addresses.map(plainAddress).toReversed()
  return fromRight.find((address) => !isTrustedProxy(address)) ?? fromRight.at(-1)
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

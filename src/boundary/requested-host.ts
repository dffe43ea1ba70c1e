import type { IncomingMessage } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { readAuthority } from './authority.ts'

/** HTTP/1.0 needs no host (RFC 1945), and load balancers ask for their probes so; nothing is decided by the host there. */
export function isProbeWithoutHost(
  { httpVersion, headers }: IncomingMessage,
  path: string,
  probePath: string,
): boolean {
  return httpVersion === '1.0' && headers.host === undefined && path.startsWith(probePath)
}

/**
 * @param named the request's own host, or the one that a trusted proxy names in its place
 * @throws STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS, STAGEDOOR_BOUNDARY_BAD_HOST
 */
export function requestedHost({ headers }: IncomingMessage, named: string): string {
  if (!headers.host) throw new GatewayError('STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS', { reason: 'host' })
  if (readAuthority(headers.host) === undefined)
    throw new GatewayError('STAGEDOOR_BOUNDARY_BAD_HOST', { reason: 'host' })
  const host = readAuthority(named)
  if (host === undefined) throw new GatewayError('STAGEDOOR_BOUNDARY_BAD_HOST', { reason: 'x-forwarded-host' })
  return host
}

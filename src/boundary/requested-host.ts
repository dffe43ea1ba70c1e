import type { IncomingMessage } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { readAuthority } from './authority.ts'

/** Whether this is a probe without `Host`. HTTP/1.0 does not require it (RFC 1945), some load balancers omit it, and probes do not use it. */
export function isProbeWithoutHost(
  { httpVersion, headers }: IncomingMessage,
  path: string,
  probePath: string,
): boolean {
  return httpVersion === '1.0' && headers.host === undefined && path.startsWith(probePath)
}

/**
 * Validates the host of a request.
 * @param named the request's own host, or the one that a trusted proxy sent instead
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

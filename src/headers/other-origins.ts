import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { isNavigation } from './page-or-script.ts'

/**
 * Refuses a request that changes something at our own endpoints and comes from a page of another origin, such as another host of
 * our domain. Browsers name the sender in `Sec-Fetch-Site` and `Origin`, and no page can forge either (OWASP CSRF cheat sheet,
 * Fetch Metadata). A request with neither header is refused, too.
 * @throws STAGEDOOR_SESSION_CROSS_SITE
 */
export function refuseChangeFromOtherOrigin(headers: IncomingHttpHeaders, baseUrl: string): void {
  const site = headers['sec-fetch-site']
  const { origin } = headers
  const isOwnSite = site === undefined || site === 'same-origin'
  // Our pages have `Referrer-Policy: no-referrer`, so browsers send `Origin: null` with their forms.
  const isOwnOrigin = origin === baseUrl || (site === 'same-origin' && (origin === undefined || origin === 'null'))
  if (!isOwnSite || !isOwnOrigin)
    throw new GatewayError('STAGEDOOR_SESSION_CROSS_SITE', { reason: site ?? origin ?? 'none' })
}

/** What pages of other origins may do in the name of a signed-in person (`session.otherOrigins`). */
export type OtherOrigins = 'navigate' | 'read' | 'all'

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests of pages of another origin in the name of a signed-in person (Fetch Metadata, resource isolation policy).
 * `SameSite=Lax` keeps the session cookie from pages of other sites, but not from pages at other hosts of the same domain.
 * For browsers without Fetch Metadata, `Origin` decides, if it is sent. Programs send neither header.
 * @param allowed what such pages may do besides following a link, which is always allowed
 * @throws STAGEDOOR_SESSION_CROSS_SITE
 */
export function refuseRequestFromOtherOrigin(
  { method, headers }: { method: string; headers: IncomingHttpHeaders },
  publicOrigin: string,
  allowed: OtherOrigins,
): void {
  if (allowed === 'all' || (allowed === 'read' && readingMethods.has(method)) || isNavigation(method, headers)) return
  const { 'sec-fetch-site': site, origin = publicOrigin } = headers
  const isOurs = site === undefined ? origin === publicOrigin : site === 'same-origin' || site === 'none'
  if (!isOurs) throw new GatewayError('STAGEDOOR_SESSION_CROSS_SITE', { reason: site ?? origin })
}

/**
 * Refuses a WebSocket handshake of a page of another origin in a person's name. Browsers send cookies with a handshake, and the
 * server must check `Origin` (RFC 6455 §10.2). Programs send no `Origin`.
 * @param publicOrigin origin of `server.baseUrl`, without a slash at the end
 * @throws STAGEDOOR_PROXY_ORIGIN_REFUSED
 */
export function refuseUpgradeFromOtherOrigin({ origin }: IncomingHttpHeaders, publicOrigin: string): void {
  if (origin === undefined || origin === publicOrigin) return
  throw new GatewayError('STAGEDOOR_PROXY_ORIGIN_REFUSED', { detail: `Origin: ${origin}` })
}

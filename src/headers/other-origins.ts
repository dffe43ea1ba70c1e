import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { isNavigation } from './page-or-script.ts'

/**
 * Refuses a request that changes something at our own endpoints and comes from a page of another origin; another host of our
 * domain is one, too. Browsers name the sender in `Sec-Fetch-Site` and `Origin`, and no page can forge either (OWASP CSRF
 * cheat sheet, Fetch Metadata). A browser that names neither is refused too.
 * @throws STAGEDOOR_SESSION_CROSS_SITE
 */
export function refuseChangeFromOtherOrigin(headers: IncomingHttpHeaders, baseUrl: string): void {
  const site = headers['sec-fetch-site']
  const { origin } = headers
  const isOwnSite = site === undefined || site === 'same-origin'
  // A page of ours is sent with `Referrer-Policy: no-referrer`, which makes browsers write `Origin: null` in its forms.
  const isOwnOrigin = origin === baseUrl || (site === 'same-origin' && (origin === undefined || origin === 'null'))
  if (!isOwnSite || !isOwnOrigin)
    throw new GatewayError('STAGEDOOR_SESSION_CROSS_SITE', { reason: site ?? origin ?? 'none' })
}

/** What pages of other origins may do in the name of a signed-in person (`session.otherOrigins`). */
export type OtherOrigins = 'navigate' | 'read' | 'all'

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what a page of another origin does in the name of a signed-in person (Fetch Metadata, resource isolation policy).
 * `SameSite=Lax` keeps the session from pages of other sites; pages at other hosts of the same domain bring it along.
 * A browser without fetch metadata names the page in `Origin`, where it sends that; programs send neither.
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
 * Refuses a WebSocket handshake that a page of another origin makes in a person's name: browsers send cookies along and
 * leave it to the server to look at `Origin` (RFC 6455 §10.2). Programs send none.
 * @param publicOrigin origin of `server.baseUrl`, without a slash at the end
 * @throws STAGEDOOR_PROXY_ORIGIN_REFUSED
 */
export function refuseUpgradeFromOtherOrigin({ origin }: IncomingHttpHeaders, publicOrigin: string): void {
  if (origin === undefined || origin === publicOrigin) return
  throw new GatewayError('STAGEDOOR_PROXY_ORIGIN_REFUSED', { detail: `Origin: ${origin}` })
}

// This folder: answers proxies that carry requests themselves.

import type { IncomingHttpHeaders } from 'node:http'

import type { UpstreamIdentity } from '../../assertion/upstream-identity.ts'
import { type IsOwnCookie, withoutOwnCookies } from '../../proxy/own-cookies.ts'

/**
 * The headers of our answer that replace the client's headers in the proxy's request to the upstream: the caller's identity, and
 * the client's fields that may contain our credentials. The proxy must remove a field that is missing here.
 * @returns pairs of name and value
 */
export function answerHeaders(
  { cookie, authorization }: IncomingHttpHeaders,
  identity: UpstreamIdentity,
  isOwnCookie: IsOwnCookie,
): [name: string, value: string][] {
  const { headers, replacesAuthorization } = identity
  const list = pairs(headers)
  // Send `Cookie` even if it is empty: Envoy keeps a header that the answer does not replace.
  if (cookie !== undefined) list.push(['Cookie', withoutOwnCookies(cookie, isOwnCookie)])
  if (authorization !== undefined && !replacesAuthorization) list.push(['Authorization', authorization])
  return list
}

/** `Set-Cookie` lines as `X-Stagedoor-Set-Cookie-1`, `-2` and so on. */
export function numberedCookies(lines: number | string | string[] | undefined): [name: string, value: string][] {
  return [lines ?? []].flat().map((line, i) => [`X-Stagedoor-Set-Cookie-${i + 1}`, String(line)])
}

function pairs(flat: readonly string[]): [name: string, value: string][] {
  const names = flat.filter((_, i) => i % 2 === 0)
  return names.map((name, i) => [name, String(flat[2 * i + 1])])
}

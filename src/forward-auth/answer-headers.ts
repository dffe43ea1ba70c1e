import type { IncomingHttpHeaders } from 'node:http'

import type { UpstreamIdentity } from '../assertion/upstream-identity.ts'
import { type IsOwnCookie, withoutOwnCookies } from '../proxy/own-cookies.ts'

/**
 * What the proxy is to send to the upstream instead of what the client sent, as headers of our answer: who is asking,
 * and those of the client's own fields that hold credentials of ours. A field that is missing is to be removed.
 * @returns pairs of name and value
 */
export function answerHeaders(
  { cookie, authorization }: IncomingHttpHeaders,
  identity: UpstreamIdentity | undefined,
  isOwnCookie: IsOwnCookie,
): [name: string, value: string][] {
  const list: [string, string][] = []
  const { headers = [], replacesAuthorization = false } = identity ?? {}
  for (let i = 0; i < headers.length; i += 2) list.push([headers[i] ?? '', headers[i + 1] ?? ''])
  const others = withoutOwnCookies(cookie ?? '', isOwnCookie)
  if (others !== '') list.push(['Cookie', others])
  if (authorization !== undefined && !replacesAuthorization) list.push(['Authorization', authorization])
  return list
}

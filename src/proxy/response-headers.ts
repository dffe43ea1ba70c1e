import type { IncomingHttpHeaders } from 'node:http'

import { isHopByHop, namedInConnection } from './hop-by-hop.ts'
import { type IsOwnCookie, setsOwnCookie } from './own-cookies.ts'

/** Headers that earlier stages put on the reply, names in lower case. */
export type ReplyHeaders = Readonly<Record<string, number | string | string[] | undefined>>

/**
 * The header list for the client: the upstream's end-to-end fields, then what earlier stages put on the reply. Of one name
 * theirs replaces the upstream's; `Set-Cookie` is added to it. An upstream never sets our cookies, our request id or
 * anything that bears our name.
 * @param headers as undici gives them: names in lower case, values in the order in which they came, bytes as latin-1
 */
export function clientHeaders(headers: IncomingHttpHeaders, replyHeaders: ReplyHeaders, isOwn: IsOwnCookie): string[] {
  const list: string[] = []
  const dropped = namedInConnection(headers.connection)

  for (const name in headers) {
    if (isHopByHop(name) || name === 'x-request-id' || name.startsWith('x-stagedoor-')) continue
    if (dropped.length > 0 && dropped.includes(name)) continue
    if (name === 'set-cookie') pushCookies(list, headers[name], isOwn)
    else if (replyHeaders[name] === undefined) push(list, name, headers[name])
  }

  for (const name in replyHeaders) push(list, name, replyHeaders[name])
  return list
}

// undici gives a header that came once as a string, also this one.
function pushCookies(list: string[], cookies: string | readonly string[] | undefined, isOwn: IsOwnCookie): void {
  for (const cookie of typeof cookies === 'string' ? [cookies] : (cookies ?? [])) {
    if (!setsOwnCookie(cookie, isOwn)) list.push('set-cookie', cookie)
  }
}

function push(list: string[], name: string, value: number | string | readonly string[] | undefined): void {
  if (typeof value === 'string') list.push(name, value)
  else if (Array.isArray(value)) for (const item of value) list.push(name, item)
  else if (value !== undefined) list.push(name, String(value))
}

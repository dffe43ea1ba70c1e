import { isHopByHop, namedInConnection } from './hop-by-hop.ts'
import { type IsOwnCookie, setsOwnCookie } from './own-cookies.ts'

/** Headers that earlier stages put on the reply, names in lower case. */
export type ReplyHeaders = Readonly<Record<string, number | string | string[] | undefined>>

export type UpstreamHead = {
  /** Flat list of names and values, as undici's parser keeps them. */
  rawHeaders: readonly (Buffer | string)[]
  connection: string | undefined
}

/**
 * The header list for the client: the upstream's end-to-end fields in their order, then what earlier stages put on the
 * reply. Of one name theirs replaces the upstream's; `Set-Cookie` is added to it. An upstream never sets our cookies,
 * our request id or anything that bears our name.
 */
export function clientHeaders(upstream: UpstreamHead, replyHeaders: ReplyHeaders, isOwn: IsOwnCookie): string[] {
  const list: string[] = []
  const dropped = namedInConnection(upstream.connection)
  const { rawHeaders } = upstream

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = latin1(rawHeaders[i] as Buffer | string)
    const lowerName = name.toLowerCase()
    if (isHopByHop(lowerName) || lowerName === 'x-request-id' || lowerName.startsWith('x-stagedoor-')) continue
    if (dropped.length > 0 && dropped.includes(lowerName)) continue
    const value = latin1(rawHeaders[i + 1] as Buffer | string)
    if (lowerName === 'set-cookie') {
      if (setsOwnCookie(value, isOwn)) continue
    } else if (replyHeaders[lowerName] !== undefined) continue
    list.push(name, value)
  }

  for (const name in replyHeaders) pushReplyHeader(list, name, replyHeaders[name])
  return list
}

function pushReplyHeader(list: string[], name: string, value: ReplyHeaders[string]): void {
  if (value === undefined) return
  if (!Array.isArray(value)) list.push(name, String(value))
  else for (const item of value) list.push(name, item)
}

// Header bytes are latin-1 on the wire and are written as latin-1 again, so none changes on the way.
const latin1 = (bytes: Buffer | string): string => (typeof bytes === 'string' ? bytes : bytes.toString('latin1'))

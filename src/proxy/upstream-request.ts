import type { UpstreamIdentity } from '../assertion/upstream-identity.ts'
import type { RequestFacts } from '../boundary/facts.ts'
import { isReservedHeader, isHopByHop, namedInConnection } from '../headers/removed-headers.ts'
import { continuedTrace } from '../headers/trace-context.ts'
import { type IsOwnCookie, withoutOwnCookies } from './own-cookies.ts'

export type ClientHead = {
  /** Flat list of names and values, as node:http keeps them. */
  rawHeaders: readonly string[]
  /** The client's `Connection` value (all of them, joined). */
  connection: string | undefined
  /** Whether a body is forwarded; its `Content-Length` travels along only then. */
  hasBody: boolean
}

/**
 * The header list for the upstream, written afresh: what the client may say is copied, what only we may say is ours.
 * `Host` is the one the client addressed, because Backstage compares it with its base URL. `Expect` is answered by us.
 * The writer of the request adds `Connection` and framing.
 */
export function upstreamHeaders(
  client: ClientHead,
  facts: RequestFacts,
  identity: UpstreamIdentity | undefined,
  isOwnCookie: IsOwnCookie,
): string[] {
  const list = ['host', facts.host]
  const dropped = namedInConnection(client.connection)
  const keepsAuthorization = identity?.replacesAuthorization !== true
  const { rawHeaders } = client

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const lowerName = name.toLowerCase()
    switch (lowerName) {
      case 'host':
      case 'expect':
        continue
      case 'content-length':
        if (client.hasBody) list.push(name, value)
        continue
      case 'authorization':
        if (!keepsAuthorization) continue
        break
      case 'cookie':
        if (!dropped.includes(lowerName)) pushCookie(list, name, withoutOwnCookies(value, isOwnCookie))
        continue
      case 'traceparent':
        continue
      case 'tracestate':
        if (continuedTrace(rawHeaders, facts.traceparent) !== undefined) break
        continue
    }
    if (isHopByHop(lowerName)) continue
    if (isReservedHeader(lowerName) && facts.passedHeaders?.has(lowerName) !== true) continue
    if (dropped.length > 0 && dropped.includes(lowerName)) continue
    list.push(name, value)
  }

  pushOurs(list, facts)
  if (identity !== undefined) for (const item of identity.headers) list.push(item)
  return list
}

function pushCookie(list: string[], name: string, value: string): void {
  if (value !== '') list.push(name, value)
}

function pushOurs(list: string[], facts: RequestFacts): void {
  list.push(
    'X-Forwarded-For',
    facts.clientIp,
    'X-Forwarded-Proto',
    facts.protocol,
    'X-Forwarded-Host',
    facts.host,
    'X-Forwarded-Port',
    portOf(facts),
    'X-Request-Id',
    facts.requestId,
    'traceparent',
    facts.traceparent,
  )
}

function portOf({ host, protocol }: RequestFacts): string {
  const colon = host.lastIndexOf(':')
  if (colon > host.lastIndexOf(']')) return host.slice(colon + 1)
  return protocol === 'https' ? '443' : '80'
}

/** Replaces the beginning of a path, whole segments only: `/docs` → `/` makes `/docs/a` into `/a`. */
export type Rewrite = { from: string; to: string }

/**
 * The path that the upstream is asked for; undefined where the path does not begin with `from`. Letter case is ignored,
 * as rules ignore it: a path that they cover must not reach the upstream under another name.
 * @param path canonical path
 */
export function rewritePath(path: string, { from, to }: Rewrite): string | undefined {
  const prefix = withoutTrailingSlash(from)
  if (path.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) return undefined
  const rest = path.slice(prefix.length)
  if (rest !== '' && !rest.startsWith('/')) return undefined
  const rewritten = withoutTrailingSlash(to) + rest
  return rewritten === '' ? '/' : rewritten
}

/** The part of the path that was removed (`X-Forwarded-Prefix`), for links in the upstream's pages. */
export function removedPrefix({ from }: Rewrite): string {
  return withoutTrailingSlash(from)
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

import type { UpstreamIdentity } from '../assertion/upstream-identity.ts'
import type { RequestFacts } from '../boundary/facts.ts'
import { isRemovedFromRequest, namedInConnection } from '../headers/removed-headers.ts'
import { type IsOwnCookie, withoutOwnCookies } from './own-cookies.ts'

type ClientHead = {
  /** Flat list of names and values, as node:http keeps them. */
  rawHeaders: readonly string[]
  /** The client's `Connection` value (all of them, joined). */
  connection: string | undefined
  /** Whether a body is forwarded. `Content-Length` is copied only with a body. */
  hasBody: boolean
}

/**
 * Builds the header list for the upstream. Headers that a client may set are copied (`headers/removed-headers.ts`); headers that
 * only we may set are our own. `Host` is the one the client addressed, because Backstage compares it with its base URL.
 * `http1/request-head.ts` adds `Connection` and framing.
 */
export function upstreamHeaders(
  client: ClientHead,
  facts: RequestFacts,
  identity: UpstreamIdentity | undefined,
  isOwnCookie: IsOwnCookie,
): string[] {
  const list = ['host', facts.host]
  const { rawHeaders, connection, hasBody } = client
  const replacesAuthorization = identity?.replacesAuthorization === true
  const named = namedInConnection(connection)
  const request = { rawHeaders, named, hasBody, replacesAuthorization, facts }

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const lowerName = name.toLowerCase()
    if (isRemovedFromRequest(lowerName, request)) continue
    if (lowerName === 'cookie') pushCookie(list, name, withoutOwnCookies(value, isOwnCookie))
    else list.push(name, value)
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

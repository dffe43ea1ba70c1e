import type { RequestFacts } from '../boundary/facts.ts'
import { isIdentityHeader } from './foreign-identity-headers.ts'
import { continuedTrace } from './trace-context.ts'

/** Headers with which the gateway, or a proxy in front of it, describes a request. */
const reservedNames = new Set([
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'traceparent',
  'x-original-uri',
  'x-original-url',
  'x-original-method',
  'x-rewrite-url',
])
const reservedPrefixes = ['x-stagedoor-', 'x-forwarded-']

/**
 * Requests to upstreams carry this header with `server.baseUrl` as its value: a request that arrives with it is in a loop. It is not
 * `Via` (RFC 9110 §7.6.3), because some servers do not compress answers to requests with a `Via`.
 */
export const loopHeader = 'x-stagedoor-via'

/** How many names are cached. Further names are classified each time, so that a client cannot fill the memory. */
const maxRemembered = 1_000
const remembered = new Map<string, boolean>()

/**
 * The name under which servers may read a header. Every character other than a letter or digit counts as a dash, because CGI-style
 * servers fold them into one (`X_Stagedoor.Assertion` would arrive as ours).
 * @param name header name in lower case
 */
export function foldedName(name: string): string {
  return name.replaceAll(/[^a-z0-9]/g, '-')
}

/**
 * Whether a client must not set this header, because it is the gateway's own or tells services who a caller is.
 * @param name header name in lower case
 */
export function isReservedHeader(name: string): boolean {
  const known = remembered.get(name)
  if (known !== undefined) return known
  const folded = foldedName(name)
  const isOurs = reservedNames.has(folded) || reservedPrefixes.some((prefix) => folded.startsWith(prefix))
  const isReserved = isOurs || isIdentityHeader(folded)
  if (remembered.size < maxRemembered) remembered.set(name, isReserved)
  return isReserved
}

/** Fields that concern one connection only (RFC 9110 §7.6.1), plus those that node:http or our client write themselves. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
])

const nothing: readonly string[] = []
const harmless = new Set(['', 'close', 'keep-alive', 'upgrade'])

/** The header names, in lower case, that a `Connection` value lists as hop-by-hop. */
export function namedInConnection(connection: string | undefined): readonly string[] {
  if (connection === undefined || harmless.has(connection)) return nothing
  const names = connection.split(',').map((token) => token.trim().toLowerCase())
  return names.filter((name) => !harmless.has(name))
}

/** The parts of a request that decide whether some of its headers are removed. */
type RemovalFacts = {
  /** Flat list of names and values. */
  rawHeaders: readonly string[]
  /** See `namedInConnection`. */
  named: readonly string[]
  hasBody: boolean
  /** Whether the upstream gets our own `Authorization` header. */
  replacesAuthorization: boolean
  facts: Pick<RequestFacts, 'traceparent' | 'passedHeaders'>
}

/**
 * Whether a header of a request is not forwarded. `Cookie` is forwarded without our own cookies (`proxy/own-cookies.ts`).
 * @param name header name in lower case
 */
export function isRemovedFromRequest(name: string, request: RemovalFacts): boolean {
  switch (name) {
    // We set these ourselves.
    case 'host':
    case 'traceparent':
    // Node answers it.
    case 'expect':
      return true
    case 'content-length':
      return !request.hasBody
    case 'authorization':
      if (request.replacesAuthorization) return true
      break
    case 'tracestate':
      if (continuedTrace(request.rawHeaders, request.facts.traceparent) === undefined) return true
  }
  const isReserved = isReservedHeader(name) && request.facts.passedHeaders?.has(name) !== true
  return hopByHop.has(name) || isReserved || request.named.includes(name)
}

/**
 * Whether a header of an upstream's answer is not forwarded. Only we may set the request id and `X-Stagedoor-` headers.
 * @param name header name in lower case
 * @param named see `namedInConnection`
 */
export function isRemovedFromAnswer(name: string, named: readonly string[]): boolean {
  return hopByHop.has(name) || name === 'x-request-id' || name.startsWith('x-stagedoor-') || named.includes(name)
}

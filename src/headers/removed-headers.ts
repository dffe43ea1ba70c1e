import { isIdentityHeader } from './identity-headers.ts'

/** What the gateway itself says of a request, or a proxy in front would say by another name. */
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

/** Upstreams get it with `server.baseUrl`: a request that comes back with it went round. `Via` (RFC 9110 §7.6.3) would keep some servers from compressing. */
export const loopHeader = 'x-stagedoor-via'

/** Names longer or rarer than this are classified anew each time, so that a client cannot fill the memory. */
const maxRemembered = 1_000
const remembered = new Map<string, boolean>()

/**
 * Whether a client may not set this header: it is the gateway's own, or tells services who a caller is. Every sign counts as a
 * dash, because CGI-style servers fold them into one (`X_Stagedoor.Assertion` would arrive as ours).
 * @param name header name in lower case
 */
export function isReservedHeader(name: string): boolean {
  const known = remembered.get(name)
  if (known !== undefined) return known
  const folded = name.replaceAll(/[^a-z0-9]/g, '-')
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

/** @param name header name in lower case */
export const isHopByHop = (name: string): boolean => hopByHop.has(name)

const nothing: readonly string[] = []
const harmless = new Set(['', 'close', 'keep-alive', 'upgrade'])

/** The header names, in lower case, that a `Connection` value declares to be for this hop only. */
export function namedInConnection(connection: string | undefined): readonly string[] {
  if (connection === undefined || harmless.has(connection)) return nothing
  const names = connection.split(',').map((token) => token.trim().toLowerCase())
  return names.filter((name) => !harmless.has(name))
}

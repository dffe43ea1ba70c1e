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

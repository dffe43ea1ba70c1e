/** What can go wrong with an upstream before it answered; each is a row of the error table. */
export type ProxyFailureCode =
  | 'STAGEDOOR_PROXY_UNREACHABLE'
  | 'STAGEDOOR_PROXY_TIMEOUT'
  | 'STAGEDOOR_PROXY_OVERLOADED'
  | 'STAGEDOOR_PROXY_BAD_RESPONSE'

const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])
const unreadable = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_ABORTED',
])

/**
 * Sorts an error of undici or node:net into the failure that the client is told of.
 * @param isAnswered whether the upstream had begun to answer
 */
export function failureCodeOf(error: Error, isAnswered: boolean): ProxyFailureCode {
  const code = codeOf(error)
  if (timeouts.has(code)) return 'STAGEDOOR_PROXY_TIMEOUT'
  if (unreadable.has(code) || code.startsWith('HPE_') || code.startsWith('ERR_')) return 'STAGEDOOR_PROXY_BAD_RESPONSE'
  return isAnswered ? 'STAGEDOOR_PROXY_BAD_RESPONSE' : 'STAGEDOOR_PROXY_UNREACHABLE'
}

const staleSocket = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** Whether the connection died under the request, as a keep-alive one does when the upstream closes it while idle. */
export const isStaleSocket = (error: Error): boolean => staleSocket.has(codeOf(error))

/**
 * Whether no connection could be opened: every such error but those by which undici says that it was told to stop or was
 * given nonsense. Ask only where the request was not sent.
 */
export function isConnectFailure(error: Error): boolean {
  const code = codeOf(error)
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_SOCKET' || !code.startsWith('UND_ERR_')
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

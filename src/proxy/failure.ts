/** Failures before the client has the head of an answer. Each is a row of the error table. */
export type ProxyFailureCode =
  | 'STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'
  | 'STAGEDOOR_PROXY_UNREACHABLE'
  | 'STAGEDOOR_PROXY_TIMEOUT'
  | 'STAGEDOOR_PROXY_OVERLOADED'
  | 'STAGEDOOR_PROXY_BAD_RESPONSE'
  /** An error in our own code. */
  | 'STAGEDOOR_INTERNAL'
  | 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'

const timeouts = new Set(['UPSTREAM_CONNECT_TIMEOUT', 'UPSTREAM_HEAD_TIMEOUT', 'ETIMEDOUT'])

/**
 * Maps an error of a connection or of node:net to the error code for the client.
 * @param isAnswered whether the upstream had begun to answer
 */
export function failureCodeOf(error: Error, isAnswered: boolean): ProxyFailureCode {
  const code = codeOf(error)
  if (timeouts.has(code)) return 'STAGEDOOR_PROXY_TIMEOUT'
  if (code === 'UPSTREAM_BODY_TIMEOUT') return 'STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'
  if (code === 'UPSTREAM_HEAD_TOO_LARGE') return 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'
  if (code === 'UPSTREAM_UNREADABLE' || code.startsWith('ERR_')) return 'STAGEDOOR_PROXY_BAD_RESPONSE'
  return isAnswered ? 'STAGEDOOR_PROXY_BAD_RESPONSE' : 'STAGEDOOR_PROXY_UNREACHABLE'
}

/** The `code` of an error; empty without one. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

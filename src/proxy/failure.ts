/** What can go wrong with an upstream before it answered; each is a row of the error table. */
export type ProxyFailureCode =
  | 'STAGEDOOR_PROXY_UNREACHABLE'
  | 'STAGEDOOR_PROXY_TIMEOUT'
  | 'STAGEDOOR_PROXY_OVERLOADED'
  | 'STAGEDOOR_PROXY_BAD_RESPONSE'
  /** A mistake of ours. */
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
  if (code === 'UPSTREAM_HEAD_TOO_LARGE') return 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'
  if (code === 'UPSTREAM_UNREADABLE' || code.startsWith('ERR_')) return 'STAGEDOOR_PROXY_BAD_RESPONSE'
  return isAnswered ? 'STAGEDOOR_PROXY_BAD_RESPONSE' : 'STAGEDOOR_PROXY_UNREACHABLE'
}

const staleSocket = new Set(['UPSTREAM_HUNG_UP', 'ECONNRESET', 'EPIPE'])

/** Whether the connection died under the request, as a keep-alive one does when the upstream closes it while idle. */
export const isStaleSocket = (error: Error): boolean => staleSocket.has(codeOf(error))

/**
 * Whether no connection could be opened: every error of one that does not stand, but those by which we refuse a request
 * or stop ourselves. Ask only where the request was not sent.
 */
export function isConnectFailure(error: Error): boolean {
  const code = codeOf(error)
  return code !== 'UPSTREAM_STOPPED' && code !== 'UPSTREAM_UNWRITABLE'
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** How far a request got before its upstream failed, without a byte of an answer. */
export type Attempt = {
  /** How often it was tried so far. */
  count: number
  /** A connection stood, and the request may have been written to it. */
  isSent: boolean
}

export type RetryLimits = { maxAttempts: number; hasAlternatives: boolean }

type Retriable = { method: string; body: unknown; upgrade: string | undefined }

// RFC 9110 §9.2.1; others might have taken effect before the connection died.
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
// RFC 9110 §9.2.2.
const idempotentMethods = new Set([...safeMethods, 'PUT', 'DELETE'])

/**
 * Whether a request may be sent once more: never with a body, which is gone. Where no connection could be opened,
 * another address gets it; where one died under a safe request, as an idle one does, it goes over a new one.
 */
export function mayRetry(request: Retriable, attempt: Attempt, limits: RetryLimits, error: Error): boolean {
  if (attempt.count >= limits.maxAttempts || request.body !== null) return false
  if (!attempt.isSent && limits.hasAlternatives && isConnectFailure(error)) return idempotentMethods.has(request.method)
  return request.upgrade === undefined && safeMethods.has(request.method) && isStaleSocket(error)
}

/** What can go wrong with an upstream before it answered; each is a row of the error table. */
export type ProxyFailureCode =
  | 'STAGEDOOR_PROXY_UNREACHABLE'
  | 'STAGEDOOR_PROXY_TIMEOUT'
  | 'STAGEDOOR_PROXY_OVERLOADED'
  | 'STAGEDOOR_PROXY_BAD_RESPONSE'
  /** A mistake of ours. */
  | 'STAGEDOOR_INTERNAL'
  | 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'

type UpstreamErrorCode =
  /** No connection could be opened, the cause says why; nothing was sent. */
  | 'UPSTREAM_CONNECT_FAILED'
  /** The other side reset the connection (`ECONNRESET`). */
  | 'UPSTREAM_RESET'
  /** An answer that undici can read, but that we must not carry on. */
  | 'UPSTREAM_UNREADABLE'
  /** The client went away, or its session ended. */
  | 'UPSTREAM_GIVEN_UP'

/** What went wrong between us and an upstream; errors of undici and of sockets come as they are. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly code: UpstreamErrorCode

  constructor(code: UpstreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])
/** Besides those of undici's parser (`HPE_…`) and of TLS (`ERR_…`). */
const badResponses = new Set(['UPSTREAM_UNREADABLE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/**
 * Maps an error of undici or of a socket to the error code for the client.
 * @param isAnswered whether the upstream had begun to answer
 */
export function failureCodeOf(error: Error, isAnswered: boolean): ProxyFailureCode {
  const code = codeOf(isConnectFailure(error) ? (error.cause as Error) : error)
  if (timeouts.has(code)) return 'STAGEDOOR_PROXY_TIMEOUT'
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'
  if (isAnswered || badResponses.has(code) || /^(?:HPE|ERR)_/.test(code)) return 'STAGEDOOR_PROXY_BAD_RESPONSE'
  return 'STAGEDOOR_PROXY_UNREACHABLE'
}

const staleSocket = new Set(['UND_ERR_SOCKET', 'UPSTREAM_RESET', 'EPIPE'])

/** Whether a connection died under the request, as a keep-alive one does when the upstream closes it while idle. */
const isStaleSocket = (error: Error): boolean => staleSocket.has(codeOf(error))

/** Whether no connection could be opened. */
export const isConnectFailure = (error: Error): boolean => codeOf(error) === 'UPSTREAM_CONNECT_FAILED'

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
 * Whether a request may be sent once more. Where an idle connection died before anything was sent over it, any request
 * may, over a new one. One whose body is gone may not. Where no connection could be opened, another address gets it; where
 * a connection died under a safe request, as an idle one does, it goes over a new one.
 */
export function mayRetry(request: Retriable, attempt: Attempt, limits: RetryLimits, error: Error): boolean {
  if (attempt.count >= limits.maxAttempts) return false
  if (!attempt.isSent && isStaleSocket(error)) return true
  if (request.body !== null) return false
  if (!attempt.isSent && limits.hasAlternatives && isConnectFailure(error)) return idempotentMethods.has(request.method)
  return attempt.isSent && request.upgrade === undefined && safeMethods.has(request.method) && isStaleSocket(error)
}

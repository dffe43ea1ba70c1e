import { codeOf } from './failure.ts'

/** How far a request got before its upstream failed, without a byte of an answer. */
type Attempt = {
  /** The number of attempts so far. */
  count: number
  /** A connection was open, and the request may have been written to it. */
  isSent: boolean
}

/** The most attempts for one request. Even a single address gets a second one, because an idle connection may have died. */
export function maxAttemptsAt(addresses: number): number {
  return Math.min(Math.max(addresses, 2), 3)
}

type RetryLimits = { maxAttempts: number; hasAlternatives: boolean }

type Retriable = { method: string; body: unknown; upgrade: string | undefined }

// RFC 9110 §9.2.1 (TRACE is refused); others might have taken effect before the connection died.
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
// RFC 9110 §9.2.2.
const idempotentMethods = new Set([...safeMethods, 'PUT', 'DELETE'])

/**
 * Whether a request may be retried: never with a body, which has been consumed. If no connection could be opened, an idempotent
 * request goes to another address. If the connection died, as idle connections do, a safe request is sent on another one.
 */
export function mayRetry(request: Retriable, attempt: Attempt, limits: RetryLimits, error: Error): boolean {
  if (attempt.count >= limits.maxAttempts || request.body !== null) return false
  if (!attempt.isSent && limits.hasAlternatives && isConnectFailure(error)) return idempotentMethods.has(request.method)
  return request.upgrade === undefined && safeMethods.has(request.method) && isStaleSocket(error)
}

const staleSocket = new Set(['UPSTREAM_HUNG_UP', 'ECONNRESET', 'EPIPE'])

/** Whether the connection died under the request, as a keep-alive one does when the upstream closes it while idle. */
const isStaleSocket = (error: Error): boolean => staleSocket.has(codeOf(error))

/**
 * Whether no connection could be opened. Before a request is sent every error means that, except our own two: the request cannot be
 * written, and the pool is closed.
 */
export function isConnectFailure(error: Error): boolean {
  const code = codeOf(error)
  return code !== 'UPSTREAM_STOPPED' && code !== 'UPSTREAM_UNWRITABLE'
}

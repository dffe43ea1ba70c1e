type UpstreamErrorCode =
  /** No connection in time. */
  | 'UPSTREAM_CONNECT_TIMEOUT'
  /** No head of an answer in time. */
  | 'UPSTREAM_HEAD_TIMEOUT'
  /** The other side closed the connection before the answer had ended. */
  | 'UPSTREAM_HUNG_UP'
  /** An answer that is not valid HTTP/1.1, or that two parsers could read differently. */
  | 'UPSTREAM_UNREADABLE'
  /** An answer whose head is longer than `maxHeaderBytes`. */
  | 'UPSTREAM_HEAD_TOO_LARGE'
  /** A request that cannot be written; nothing of it was sent. */
  | 'UPSTREAM_UNWRITABLE'
  /** The request's body broke off, or its length was not the one that its head announced. */
  | 'UPSTREAM_BODY_MISMATCH'
  /** The client sent the request's body too slowly. */
  | 'UPSTREAM_BODY_TIMEOUT'
  /** The pool was closed before or while the request was under way. */
  | 'UPSTREAM_STOPPED'

/** A failure between us and an upstream. Errors of sockets are passed on unchanged. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly code: UpstreamErrorCode

  constructor(code: UpstreamErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The error for an answer that is not valid HTTP/1.1, or that two parsers could read differently. */
export function unreadable(message: string): UpstreamError {
  return new UpstreamError('UPSTREAM_UNREADABLE', message)
}

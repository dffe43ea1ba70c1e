// This folder: the HTTP/1.1 client that speaks to upstreams.

import type { AnswerHead } from './answer-head.ts'
import { ChunkedBody } from './chunked-body.ts'

/** Reads the body of an answer and finds its end. */
export type AnswerBody = {
  /**
   * Reads the next bytes and passes those of the body to `onData`, without copying them.
   * @returns how many of the bytes belong to the answer if it ends in them; -1 if more is to come
   * @throws UPSTREAM_UNREADABLE
   */
  read(bytes: Buffer, onData: (part: Buffer) => void): number
  /** Whether the body ends where the connection ends. */
  readonly endsWithConnection: boolean
}

/** Bodies of known length. */
class SizedBody implements AnswerBody {
  readonly endsWithConnection = false
  #bytesLeft: number

  constructor(length: number) {
    this.#bytesLeft = length
  }

  read(bytes: Buffer, onData: (part: Buffer) => void): number {
    if (bytes.length < this.#bytesLeft) {
      this.#bytesLeft -= bytes.length
      onData(bytes)
      return -1
    }
    const last = this.#bytesLeft
    onData(last === bytes.length ? bytes : bytes.subarray(0, last))
    return last
  }
}

const untilClose: AnswerBody = {
  endsWithConnection: true,
  read(bytes, onData) {
    onData(bytes)
    return -1
  },
}

/**
 * The body that follows a final head (RFC 9112 §6.3); undefined if there is none.
 * @param method of the request
 */
export function bodyOf(head: AnswerHead, method: string): AnswerBody | undefined {
  if (method === 'HEAD' || hasNoContent(head.status) || head.contentLength === 0) return undefined
  if (head.isChunked) return new ChunkedBody()
  return head.contentLength === -1 ? untilClose : new SizedBody(head.contentLength)
}

/**
 * Whether the upstream may have sent a body where none is allowed. Its bytes would be read as the next answer, so the
 * connection is not reused.
 */
export function mayHaveSentContent({ status, contentLength, isChunked }: AnswerHead): boolean {
  return hasNoContent(status) && (contentLength > 0 || isChunked)
}

const hasNoContent = (status: number): boolean => status === 204 || status === 304

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

import type { AnswerHead } from './answer-head.ts'
import type { RequestHead } from './request-head.ts'

/** One request for an upstream. */
export type UpstreamRequest = Omit<RequestHead, 'framing'> & {
  body: Readable | null
  /** Length of the body in bytes, the value of its `Content-Length`; -1 where it is unknown. */
  bodyLength: number
  /** Limit from the request sent to the head of the answer. */
  headTimeoutMs: number
  /** Limit for the next part of the body to come from the client. */
  bodyTimeoutMs: number
}

/** The connection that a request has, as far as its owner may use it. */
export type Carrier = {
  /** Stops reading; what has been read already still comes, 64 KiB at most. */
  pause(): void
  resume(): void
  /** Gives up request and connection; the receiver hears no more. */
  abort(): void
}

/** Receives the progress of a request, in the order of these methods. `onEnd`, `onUpgrade` or `onFailure` is the last call. */
export type Receiver = {
  /** It has a connection, or one is being opened; again where that one ended before anything was sent. */
  onCarrier(carrier: Carrier): void
  /** Is about to be written. */
  onSend(): void
  /** The first byte of an answer is there. */
  onAnswer(): void
  /** An interim answer (RFC 9110 §15.2); any number of them. */
  onInterim(head: AnswerHead): void
  /** @param isBodyHere whether bytes of the body have come with it, and are next */
  onHead(head: AnswerHead, isBodyHere: boolean): void
  /** @param part only valid during the call: its memory is written to again */
  onData(part: Buffer): void
  onEnd(): void
  /** Switched to the protocol that was asked for; bytes behind the head are back on the socket. */
  onUpgrade(head: AnswerHead, socket: Socket): void
  onFailure(error: Error): void
}

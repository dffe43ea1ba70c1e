import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

import type { AnswerHead } from './answer-head.ts'
import type { RequestHead } from './request-head.ts'

/** One request for an upstream. */
export type UpstreamRequest = Omit<RequestHead, 'framing'> & {
  body: Readable | null
  /** Length of the body in bytes, the value of its `Content-Length`; -1 if it is unknown. */
  bodyLength: number
  /** Limit from the request sent to the head of the answer. */
  headTimeoutMs: number
  /** Limit for the client to send the next part of the body; see `request-body.ts`. */
  bodyTimeoutMs: number
}

/** What the owner of a request may do with the request's connection. */
export type Carrier = {
  /** Stops reading. Bytes that have already been read are still delivered, at most 64 KiB. */
  pause(): void
  resume(): void
  /** Aborts the request and closes the connection. The receiver gets no more calls. */
  abort(): void
}

/** Receives the progress of a request, in the order of these methods. `onEnd`, `onUpgrade` or `onFailure` is the last call. */
export type Receiver = {
  /** The request has a connection, or one is being opened. Called again if that connection closed before anything was sent. */
  onCarrier(carrier: Carrier): void
  /** The request is about to be written. */
  onSend(): void
  /** The first byte of an answer, interim or final, has arrived. */
  onAnswer(): void
  /** An interim answer (RFC 9110 §15.2); any number of them. */
  onInterim(head: AnswerHead): void
  /** @param isBodyHere whether bytes of the body came with the head; `onData` gets them next */
  onHead(head: AnswerHead, isBodyHere: boolean): void
  /** @param part only valid during the call: its memory is reused */
  onData(part: Buffer): void
  onEnd(): void
  /** The upstream switched to the requested protocol. Bytes that followed the head have been put back on the socket. */
  onUpgrade(head: AnswerHead, socket: Socket): void
  onFailure(error: Error): void
}

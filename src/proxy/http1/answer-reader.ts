import { type AnswerBody, bodyOf, mayHaveSentContent } from './answer-body.ts'
import { type AnswerHead, readAnswerHead } from './answer-head.ts'
import type { Receiver } from './receiver.ts'
import { unreadable, UpstreamError } from './upstream-error.ts'

type AnswerReaderOptions = {
  /** Longest head, in bytes. */
  maxHeadBytes: number
  /** The upstream switches to the requested protocol. `rest` is what followed the head, in that protocol. */
  onSwitch(head: AnswerHead, rest: Buffer): void
}

/** The request that an answer belongs to. */
type Asked = { method: string; upgrade: string | undefined }

const endOfHead = '\r\n\r\n'
const bareLineFeed = /(?<!\r)\n/

/** Reads the answers of one connection, one after the other, and passes each to the receiver of its request. */
export class AnswerReader {
  readonly #options: AnswerReaderOptions
  #asked: Asked | undefined
  #receiver: Receiver | undefined
  /** The beginning of a head whose end has not arrived yet. */
  #headBytes: Buffer | undefined
  #body: AnswerBody | undefined
  #hasHead = false
  #hasBody = false
  #isPersistent = false
  #keepAlive: string | undefined
  readonly #onData = (part: Buffer): void => this.#receiver?.onData(part)

  constructor(options: AnswerReaderOptions) {
    this.#options = options
  }

  /** Whether the final head has been read. The head itself is not kept: an event stream would hold it for hours. */
  get hasHead(): boolean {
    return this.#hasHead
  }

  /** Whether the answer is complete if the connection ends now. */
  get mayEndHere(): boolean {
    return this.#body?.endsWithConnection === true
  }

  /** Whether the connection may carry another request after this answer. */
  get isPersistent(): boolean {
    return this.#isPersistent
  }

  /** The `Keep-Alive` value of the latest answer: how long the upstream keeps an idle connection. */
  get keepAlive(): string | undefined {
    return this.#keepAlive
  }

  begin(asked: Asked, receiver: Receiver): void {
    this.#asked = asked
    this.#receiver = receiver
    this.#hasHead = false
  }

  /** Drops the current request and answer: no receiver waits for them any more. */
  stop(): void {
    this.#asked = undefined
    this.#receiver = undefined
    this.#headBytes = undefined
    this.#body = undefined
  }

  /**
   * Reads the next bytes. It does not refer to them after it returns.
   * @returns how many of the bytes belong to the answer if it ends in them; -1 if more is to come
   * @throws UPSTREAM_UNREADABLE
   */
  read(bytes: Buffer): number {
    return this.#body === undefined ? this.#readHeads(bytes) : this.#body.read(bytes, this.#onData)
  }

  #readHeads(received: Buffer): number {
    let bytes = received
    while (bytes.length > 0 && this.#receiver !== undefined) {
      const rest = this.#readHead(bytes)
      if (rest === undefined) return -1
      if (this.#hasHead) return this.#beginBody(rest, received.length - rest.length)
      bytes = rest
    }
    return -1
  }

  /** @returns the bytes after a head; undefined if the end of the head has not arrived yet, or the protocol was switched */
  #readHead(received: Buffer): Buffer | undefined {
    const earlier = this.#headBytes
    if (earlier === undefined) this.#receiver?.onAnswer()
    const bytes = earlier === undefined ? received : Buffer.concat([earlier, received])
    const { maxHeadBytes } = this.#options
    // A head that is too long has no end within this text.
    const text = bytes.toString('latin1', 0, maxHeadBytes + endOfHead.length)
    const end = text.indexOf(endOfHead)
    if (end === -1) {
      // Only CRLF ends a line. A head with a bare LF may never end, and the request would wait until the timeout.
      if (bareLineFeed.test(text)) throw unreadable('a line of the answer ends in LF alone')
      if (bytes.length > maxHeadBytes) throw tooLong(maxHeadBytes)
      this.#headBytes = earlier === undefined ? Buffer.from(received) : bytes
      return undefined
    }
    this.#headBytes = undefined
    const rest = bytes.subarray(end + endOfHead.length)
    const head = readAnswerHead(text.slice(0, end))
    if (head.status === 101) return this.#switch(head, rest)
    if (head.status >= 200) this.#take(head, rest.length > 0)
    else if (head.isPersistent) this.#receiver?.onInterim(head)
    else throw unreadable('an interim answer closes the connection')
    return rest
  }

  #take(head: AnswerHead, isBodyHere: boolean): void {
    this.#hasHead = true
    this.#isPersistent = head.isPersistent && !mayHaveSentContent(head)
    this.#keepAlive = head.keepAlive
    this.#body = bodyOf(head, this.#asked?.method ?? '')
    this.#hasBody = this.#body !== undefined
    this.#receiver?.onHead(head, isBodyHere)
  }

  /** @param headLength how many bytes came before the rest */
  #beginBody(rest: Buffer, headLength: number): number {
    if (!this.#hasBody) return headLength
    if (rest.length === 0 || this.#body === undefined) return -1
    const used = this.#body.read(rest, this.#onData)
    return used === -1 ? -1 : headLength + used
  }

  #switch(head: AnswerHead, rest: Buffer): undefined {
    if (this.#asked?.upgrade === undefined) throw unreadable('the upstream changes to a protocol that nobody asked for')
    this.#options.onSwitch(head, rest)
  }
}

function tooLong(maxHeadBytes: number): UpstreamError {
  return new UpstreamError('UPSTREAM_HEAD_TOO_LARGE', `the head of the answer is longer than ${maxHeadBytes} bytes`)
}

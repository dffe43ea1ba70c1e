import type { Socket } from 'node:net'

import type { AnswerHead } from './answer-head.ts'
import { AnswerReader } from './answer-reader.ts'
import type { Carrier, Receiver, UpstreamRequest } from './receiver.ts'
import { type BodySender, sendBody } from './request-body.ts'
import { requestHead } from './request-head.ts'
import { type OpenSocket, readAfterFailedWrite } from './socket.ts'
import { UpstreamError } from './upstream-error.ts'

/** The state of a connection. Bytes may arrive only in the state `under-way`. */
type State = 'opening' | 'idle' | 'assigned' | 'under-way' | 'closed'

type ConnectionOptions = {
  open: OpenSocket
  /** Bytes are read into it and used up at once, so that all connections of a process can share it. */
  buffer: Uint8Array
  /** Longest head of an answer, in bytes. */
  maxHeaderBytes: number
  /** Whether the request asks for an upgrade. The socket is then read as a stream, because a granted upgrade hands it over. */
  isForUpgrade: boolean
  /** The connection may carry another request. */
  onIdle(connection: Connection): void
  /** The connection has closed, or its socket was handed over. */
  onClosed(connection: Connection): void
}

/** One connection to an upstream, with one request at a time (RFC 9112). */
export class Connection implements Carrier {
  /** Position in the pool, and the sweep since which the connection is idle. Only the pool writes them. */
  place = -1
  idleSince = 0
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  #state: State = 'opening'
  #request: UpstreamRequest | undefined
  #receiver: Receiver | undefined
  #sender: BodySender | undefined
  #timer: NodeJS.Timeout | undefined
  #timeoutMs = 0
  #isPaused = false
  /** Set when a write failed because the upstream closed the connection. What the upstream sent before is still read. */
  #writeError: Error | undefined
  readonly #reader: AnswerReader
  readonly #onStreamData = (bytes: Buffer): void => this.#read(bytes)
  readonly #onStreamEnd = (): void => this.#endOfStream()
  readonly #onError = (error: Error): void => this.#fail(error)
  readonly #onClose = (): void => this.#fail(hungUp())

  constructor(options: ConnectionOptions, request: UpstreamRequest, receiver: Receiver) {
    this.#options = options
    this.#reader = new AnswerReader({
      maxHeadBytes: options.maxHeaderBytes,
      onSwitch: (head, rest) => this.#switchProtocols(head, rest),
    })
    this.#request = request
    this.#receiver = receiver
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length))
      return !this.#isPaused
    }
    const onRead = options.isForUpgrade ? undefined : { buffer: options.buffer, callback }
    this.#socket = options.open(onRead, () => this.send())
    this.#socket.on('error', this.#onError).on('end', this.#onStreamEnd).on('close', this.#onClose)
    if (options.isForUpgrade) this.#socket.on('data', this.#onStreamData)
    else readAfterFailedWrite(this.#socket, (error) => this.#onWriteFailed(error))
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** The `Keep-Alive` value of the latest answer: how long the upstream keeps an idle connection. */
  get keepAlive(): string | undefined {
    return this.#reader.keepAlive
  }

  /** Gives an idle connection its next request, which `send` writes. */
  assign(request: UpstreamRequest, receiver: Receiver): void {
    this.#state = 'assigned'
    this.#request = request
    this.#receiver = receiver
  }

  /** Takes back a request that was assigned but not sent; undefined if it was aborted meanwhile. */
  unassign(): { request: UpstreamRequest; receiver: Receiver } | undefined {
    const request = this.#request
    const receiver = this.#receiver
    this.#forgetRequest()
    return request === undefined || receiver === undefined ? undefined : { request, receiver }
  }

  send(): void {
    const request = this.#request
    const receiver = this.#receiver
    if (request === undefined || receiver === undefined) return this.destroy()
    const { body, bodyLength, headTimeoutMs, bodyTimeoutMs } = request
    this.#state = 'under-way'
    let head: string
    try {
      const framing = body === null ? undefined : bodyLength === -1 ? 'chunked' : 'length'
      head = requestHead({ ...request, framing })
    } catch (error) {
      return this.#fail(error as Error)
    }
    this.#reader.begin(request, receiver)
    receiver.onSend()
    if (this.isClosed) return
    this.#socket.write(head, 'latin1')
    this.#await(headTimeoutMs)
    if (body === null) return
    this.#sender = sendBody({
      body,
      length: bodyLength,
      socket: this.#socket,
      timeoutMs: bodyTimeoutMs,
      onProgress: () => this.#await(headTimeoutMs),
      onFailure: (error) => this.#fail(error),
    })
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#socket.resume()
  }

  abort(): void {
    this.#receiver = undefined
    this.destroy()
  }

  /** Closes the connection; its request fails. */
  stop(): void {
    this.#fail(new UpstreamError('UPSTREAM_STOPPED', 'the connections were closed'))
  }

  /** Closes the connection without a call to its receiver. */
  destroy(): void {
    if (this.#state === 'closed') return
    this.#leave()
    this.#forgetRequest()
    this.#socket.destroy()
  }

  /** An upstream may answer and close before it has read the whole request (RFC 9112 §9.6). */
  #onWriteFailed(error: Error): void {
    if (this.#state !== 'under-way') return this.#fail(error)
    this.#writeError = error
    this.#sender?.stop()
  }

  #read(bytes: Buffer): void {
    // Bytes without a request would be taken for the answer to the next request.
    if (this.#state !== 'under-way') return this.#fail(unasked())
    try {
      const used = this.#reader.read(bytes)
      if (used !== -1) this.#finish(used < bytes.length)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #switchProtocols(head: AnswerHead, rest: Buffer): void {
    const receiver = this.#receiver
    const socket = this.#socket.pause().off('data', this.#onStreamData)
    socket.off('error', this.#onError).off('end', this.#onStreamEnd).off('close', this.#onClose)
    if (rest.length > 0) socket.unshift(rest)
    this.#leave()
    this.#forgetRequest()
    receiver?.onUpgrade(head, socket)
  }

  /** @param hasMore whether bytes or the end of the connection followed the answer */
  #finish(hasMore: boolean): void {
    const receiver = this.#receiver
    const isSent = this.#sender?.isDone !== false && this.#writeError === undefined
    const isReusable = isSent && !hasMore && !this.#options.isForUpgrade && this.#reader.isPersistent
    this.#forgetRequest()
    if (!isReusable) this.destroy()
    else if (this.#state !== 'closed') {
      this.#state = 'idle'
      if (this.#isPaused) this.resume()
      this.#options.onIdle(this)
    }
    receiver?.onEnd()
  }

  #endOfStream(): void {
    // After a reset, a truncated body looks the same as a complete one.
    if (this.#reader.mayEndHere && this.#writeError === undefined) this.#finish(true)
    else this.#fail(this.#writeError ?? hungUp())
  }

  #fail(error: Error): void {
    if (this.#state === 'closed') return
    const receiver = this.#receiver
    const isUnsent = this.#state === 'assigned'
    this.#leave()
    this.#socket.destroy()
    // The pool takes a request that was assigned but not sent back, and sends it over another connection.
    if (isUnsent) return
    this.#forgetRequest()
    receiver?.onFailure(error)
  }

  /** Marks the connection as closed and removes it from the pool. */
  #leave(): void {
    this.#state = 'closed'
    clearTimeout(this.#timer)
    this.#options.onClosed(this)
  }

  /** Starts the timeout for the head. One timer serves all requests of the connection. */
  #await(timeoutMs: number): void {
    if (this.#timer !== undefined && this.#timeoutMs === timeoutMs) return void this.#timer.refresh()
    clearTimeout(this.#timer)
    this.#timeoutMs = timeoutMs
    this.#timer = setTimeout(() => this.#onTimeout(), timeoutMs).unref()
  }

  #onTimeout(): void {
    if (this.#state !== 'under-way' || this.#reader.hasHead) return
    // An upload may take longer than the timeout while the upstream keeps reading it.
    const isUploading = this.#sender?.isDone === false && this.#writeError === undefined
    if (isUploading && !this.#socket.writableNeedDrain) return void this.#timer?.refresh()
    this.#fail(new UpstreamError('UPSTREAM_HEAD_TIMEOUT', `no answer within ${this.#timeoutMs} ms`))
  }

  #forgetRequest(): void {
    this.#sender?.stop()
    this.#sender = undefined
    this.#request = undefined
    this.#receiver = undefined
    this.#reader.stop()
  }
}

function hungUp(): UpstreamError {
  return new UpstreamError('UPSTREAM_HUNG_UP', 'the upstream closed the connection')
}

function unasked(): UpstreamError {
  return new UpstreamError('UPSTREAM_HUNG_UP', 'bytes came without a request')
}

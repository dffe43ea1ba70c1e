// This folder: the stage that carries requests to upstreams.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { FastifyReply } from 'fastify'

import { containErrors } from '../errors/contain.ts'
import { breakOff, closeAfterUnreadBody, endWith, flushHead, writeEarlyHints, writeHead } from './client-response.ts'
import { type AnswerHead, valueOf } from './http1/answer-head.ts'
import type { Carrier, Receiver } from './http1/receiver.ts'
import type { IsOwnCookie } from './own-cookies.ts'
import { clientHeaders, withPrivateCookies } from './response-headers.ts'
import { type Relay, relayUpgrade } from './upgrades.ts'

/** The client that an answer is for. */
export type Client = {
  request: IncomingMessage
  reply: FastifyReply
  /** Bytes that came behind an upgrade's head; undefined for all other requests. */
  upgradeHead: Buffer | undefined
  isOwnCookie: IsOwnCookie
  /** How long the client may leave bytes of the answer unread before the answer is cut off, in milliseconds. */
  transferTimeoutMs: number
}

/** How far an incomplete answer had come. */
export type Reached = { isSent: boolean; isBegun: boolean }

/** Receives the progress of an answer: `onBegun` first, then exactly one of the others. */
export type AnswerOwner = {
  onBegun(): void
  onDone(): void
  onUpgraded(relay: Relay): void
  /** No answer came, or the answer broke off. */
  onFailed(error: Error, reached: Reached): void
  /** The sockets of an upgrade have closed. */
  onRelayClosed(): void
  collapse(error: unknown): void
}

type State =
  | { is: 'new' }
  /** `connecting`: the request has a connection, or one is being opened. `sent`: writing has begun. `begun`: an answer has begun. */
  | { is: 'connecting' | 'sent' | 'begun'; carrier: Carrier }
  /** The client has the head. `bytesLeft`: the rest of the body, -1 when the upstream did not give a length. */
  | { is: 'passing'; carrier: Carrier; isStream: boolean; bytesLeft: number }
  | { is: 'over' }

/**
 * Passes one answer from the upstream's connection to the client, chunk by chunk and unbuffered. The connection calls the
 * methods in the order in which they are declared. Each attempt to send a request has its own `Answer`.
 */
export class Answer implements Receiver {
  readonly #client: Client
  readonly #response: ServerResponse
  readonly #owner: AnswerOwner
  #state: State = { is: 'new' }

  static {
    containErrors(this.prototype, ['onSend', 'onAnswer', 'onInterim', 'onHead', 'onData', 'onEnd', 'onUpgrade'])
    containErrors(this.prototype, ['onFailure'])
  }

  constructor(client: Client, owner: AnswerOwner) {
    this.#client = client
    this.#response = client.reply.raw
    this.#owner = owner
  }

  /** Whether the answer is an event stream, which may stay open for hours. */
  get isStream(): boolean {
    return this.#state.is === 'passing' && this.#state.isStream
  }

  onCarrier(carrier: Carrier): void {
    this.#state = { is: 'connecting', carrier }
  }

  onSend(): void {
    if (this.#state.is === 'connecting') this.#state = { is: 'sent', carrier: this.#state.carrier }
  }

  /** The first byte of an answer has arrived. The answer is final or interim (RFC 9110 §15.2); there may be several interim ones. */
  onAnswer(): void {
    if (this.#state.is === 'sent') this.#state = { is: 'begun', carrier: this.#state.carrier }
    this.#owner.onBegun()
  }

  onInterim({ status, headers }: AnswerHead): void {
    const links = status === 103 ? valueOf(headers, 'link') : undefined
    if (links !== undefined) writeEarlyHints(this.#client.request, this.#response, links)
  }

  onHead(head: AnswerHead, isBodyHere: boolean): void {
    if (this.#state.is !== 'begun') return
    const { status, statusText, headers, contentLength } = head
    writeHead(this.#response, status, statusText, this.#clientHeaders(head))
    this.#client.reply.hijack()
    const isStream = valueOf(headers, 'content-type')?.startsWith('text/event-stream') === true
    this.#state = { is: 'passing', carrier: this.#state.carrier, isStream, bytesLeft: contentLength }
    // Send a head that came without body bytes now; node:http would hold it back until the first write of the body.
    if (!isBodyHere && contentLength !== 0) flushHead(this.#response)
  }

  onData(part: Buffer): void {
    const state = this.#state
    if (state.is !== 'passing') return
    if (state.bytesLeft !== -1) {
      state.bytesLeft -= part.length
      // Send the last bytes and the end in one write.
      if (state.bytesLeft === 0) return endWith(this.#response, part)
    }
    // Copy the bytes: the connection reads the next ones into the same memory, and the client may read slowly.
    if (this.#response.write(Buffer.from(part))) return
    state.carrier.pause()
    const late = setTimeout(() => this.#cutOff(), this.#client.transferTimeoutMs).unref()
    this.#response.once('drain', () => {
      clearTimeout(late)
      this.#resume()
    })
  }

  /** Cuts the answer off. A client that reads nothing would otherwise occupy the upstream's connection. */
  #cutOff(): void {
    if (this.#state.is === 'passing') breakOff(this.#response)
  }

  /** Resumes only while this answer is passing: later the connection may carry another request. */
  #resume(): void {
    if (this.#state.is === 'passing') this.#state.carrier.resume()
  }

  onEnd(): void {
    this.#state = { is: 'over' }
    this.#owner.onDone()
    if (!this.#response.writableEnded) this.#response.end()
    const { request, upgradeHead } = this.#client
    if (upgradeHead === undefined) closeAfterUnreadBody(request, this.#response)
  }

  /** The upstream has accepted the upgrade. Bytes that followed its head have been put back on the socket. */
  onUpgrade(head: AnswerHead, upstream: Socket): void {
    this.#state = { is: 'over' }
    const { socket } = this.#response
    const { upgradeHead } = this.#client
    if (socket === null || upgradeHead === undefined) {
      upstream.destroy()
      return this.#owner.onDone()
    }
    try {
      this.#owner.onUpgraded(this.#relay(head, upstream, socket, upgradeHead))
    } catch (error) {
      upstream.destroy()
      throw error
    }
    // HTTP ends here. Hooks that wait for the end of the answer run now and see status 101.
    this.#response.emit('finish')
  }

  #relay(answer: AnswerHead, upstream: Socket, client: Socket, clientBytes: Buffer): Relay {
    const { reply } = this.#client
    const head = ['Connection', 'Upgrade', 'Upgrade', valueOf(answer.headers, 'upgrade') ?? 'websocket']
    for (const item of this.#clientHeaders(answer)) head.push(item)
    reply.hijack()
    this.#response.statusCode = answer.status
    this.#response.detachSocket(client)
    const upgrade = { client, upstream, status: answer.status, head, clientBytes }
    return relayUpgrade(upgrade, () => this.#owner.onRelayClosed())
  }

  /** No connection could be opened, or the answer is missing, malformed or broke off. */
  onFailure(error: Error): void {
    const { is } = this.#state
    this.#state = { is: 'over' }
    // A truncated body must not look complete, so the answer to the client breaks off, too.
    if (is === 'passing') breakOff(this.#response)
    const isBegun = is === 'begun' || is === 'passing'
    this.#owner.onFailed(error, { isBegun, isSent: isBegun || is === 'sent' })
  }

  /** Closes the connection to the upstream, whose further events are ignored. Called when the client is gone. */
  giveUp(): void {
    const state = this.#state
    this.#state = { is: 'over' }
    if ('carrier' in state) state.carrier.abort()
  }

  /** Ends the answer after an error in our own code. */
  collapse(error: unknown): void {
    this.giveUp()
    this.#owner.collapse(error)
  }

  #clientHeaders(head: AnswerHead): string[] {
    const { reply, isOwnCookie } = this.#client
    return clientHeaders(head, withPrivateCookies(reply, head.headers), isOwnCookie)
  }
}

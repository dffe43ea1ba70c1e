import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import type { FastifyReply } from 'fastify'
import type { Dispatcher } from 'undici'

import { containErrors } from '../errors/contain.ts'
import { type AnswerHead, readAnswerHead, refusalOf, valueOf } from './answer-head.ts'
import { breakOff, closeAfterUnreadBody, endWith, flushHead, writeEarlyHints, writeHead } from './client-response.ts'
import { UpstreamError } from './failure.ts'
import type { IsOwnCookie } from './own-cookies.ts'
import { clientHeaders, withPrivateCookies } from './response-headers.ts'
import { type Relay, relayUpgrade } from './upgrades.ts'

type Controller = Dispatcher.DispatchController

/** Where an answer goes. */
export type Client = {
  request: IncomingMessage
  reply: FastifyReply
  /** Bytes that came behind an upgrade's head; undefined for all other requests. */
  upgradeHead: Buffer | undefined
  isOwnCookie: IsOwnCookie
}

/** How far an answer that did not come whole had got. */
export type Reached = { isSent: boolean; isBegun: boolean }

/** Hears how the answer goes: once that it began, then one of the others. */
export type AnswerOwner = {
  onBegun(): void
  onDone(): void
  onUpgraded(relay: Relay): void
  /** There is no answer, or nothing more of it. */
  onFailed(error: Error, reached: Reached): void
  /** The sockets of an upgrade have closed. */
  onRelayClosed(): void
  collapse(error: unknown): void
}

type State =
  | { is: 'connecting' }
  /** To be given up as soon as undici has a connection for it. */
  | { is: 'unwanted' }
  | { is: 'sent' | 'begun'; controller: Controller }
  /** Its head is with the client. @param bytesLeft of its body; -1 where the upstream did not say */
  | { is: 'passing'; controller: Controller; isStream: boolean; bytesLeft: number; hasBody: boolean }
  | { is: 'over' }

/**
 * What happens to one answer, from undici's connection to the client, chunk by chunk and unbuffered: undici calls the
 * methods in the order in which they stand here. Each attempt at an answer has its own.
 */
export class Answer implements Dispatcher.DispatchHandler {
  readonly #client: Client
  readonly #response: ServerResponse
  readonly #owner: AnswerOwner
  #state: State = { is: 'connecting' }

  static {
    containErrors(this.prototype, ['onResponseStarted', 'onResponseStart', 'onRequestUpgrade', 'onResponseData'])
    containErrors(this.prototype, ['onResponseEnd', 'onResponseError'])
  }

  constructor(client: Client, owner: AnswerOwner) {
    this.#client = client
    this.#response = client.reply.raw
    this.#owner = owner
  }

  /** Whether it is an event stream, which may stay open for hours. */
  get isStream(): boolean {
    return this.#state.is === 'passing' && this.#state.isStream
  }

  /** A connection stands, and the request is about to be written. */
  onRequestStart(controller: Controller): void {
    if (this.#state.is === 'unwanted') controller.abort(givenUp())
    else this.#state = { is: 'sent', controller }
  }

  /** The first byte of an answer is there: an interim one (RFC 9110 §15.2), of which there may be several, or the final one. */
  onResponseStarted(): void {
    if (this.#state.is === 'sent') this.#state = { is: 'begun', controller: this.#state.controller }
    this.#owner.onBegun()
  }

  onResponseStart(controller: Controller, status: number, _headers: object, statusText = ''): void {
    const head = readAnswerHead(status, statusText, controller.rawHeaders as Buffer[])
    const refusal = refusalOf(head)
    if (refusal !== undefined) controller.abort(new UpstreamError('UPSTREAM_UNREADABLE', refusal))
    else if (status < 200) this.#passHints(head)
    else this.#passHead(head, controller)
  }

  #passHints({ status, headers }: AnswerHead): void {
    const link = status === 103 ? valueOf(headers, 'link') : undefined
    if (link !== undefined) writeEarlyHints(this.#client.request, this.#response, link)
  }

  #passHead(head: AnswerHead, controller: Controller): void {
    const { status, statusText, headers, contentLength } = head
    writeHead(this.#response, status, statusText, this.#clientHeaders(head))
    this.#client.reply.hijack()
    const isStream = valueOf(headers, 'content-type')?.startsWith('text/event-stream') === true
    this.#state = { is: 'passing', controller, isStream, bytesLeft: contentLength, hasBody: false }
    // A head that came alone does not wait for its body.
    if (contentLength !== 0) process.nextTick(() => this.#flushHead())
  }

  #flushHead(): void {
    if (this.#state.is === 'passing' && !this.#state.hasBody) flushHead(this.#response)
  }

  /** The upstream takes the upgrade: bytes behind the head are back on the socket. */
  onRequestUpgrade(controller: Controller, status: number, _headers: object, upstream: Duplex): void {
    const head = readAnswerHead(status, '', controller.rawHeaders as Buffer[])
    const { reply, upgradeHead } = this.#client
    const client = this.#response.socket
    if (client === null || upgradeHead === undefined) return this.giveUp()
    const list = ['Connection', 'Upgrade', 'Upgrade', valueOf(head.headers, 'upgrade') ?? 'websocket']
    for (const item of this.#clientHeaders(head)) list.push(item)
    reply.hijack()
    this.#response.statusCode = status
    this.#response.detachSocket(client)
    this.#state = { is: 'over' }
    const upgrade = { client, upstream, status, head: list, clientBytes: upgradeHead }
    this.#owner.onUpgraded(relayUpgrade(upgrade, () => this.#owner.onRelayClosed()))
    // The HTTP half is over: hooks that wait for the end of the answer see a 101.
    this.#response.emit('finish')
  }

  onResponseData(controller: Controller, part: Buffer): void {
    const state = this.#state
    if (state.is !== 'passing') return
    state.hasBody = true
    if (state.bytesLeft !== -1) {
      state.bytesLeft -= part.length
      // The last bytes and the end in one write.
      if (state.bytesLeft === 0) return endWith(this.#response, part)
    }
    if (this.#response.write(part)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  /** Trailers are dropped. */
  onResponseEnd(): void {
    this.#state = { is: 'over' }
    this.#owner.onDone()
    if (!this.#response.writableEnded) this.#response.end()
    const { request, upgradeHead } = this.#client
    if (upgradeHead === undefined) closeAfterUnreadBody(request, this.#response)
  }

  /** No connection, no answer, one that cannot be read, or one that broke off; also where it was given up. */
  onResponseError(_controller: Controller | undefined, error: Error): void {
    const { is } = this.#state
    if (is === 'over') return
    this.#state = { is: 'over' }
    // A truncated body must not look whole: the connection breaks off, as the upstream's did.
    if (is === 'passing') breakOff(this.#response)
    const isBegun = is === 'begun' || is === 'passing'
    this.#owner.onFailed(error, { isBegun, isSent: isBegun || is === 'sent' })
  }

  /** The client is gone. The owner hears that the answer failed once undici has let go of its connection. */
  giveUp(): void {
    const state = this.#state
    if (state.is === 'connecting') this.#state = { is: 'unwanted' }
    else if ('controller' in state) state.controller.abort(givenUp())
  }

  /** What failed is a mistake of ours. */
  collapse(error: unknown): void {
    this.#owner.collapse(error)
    this.giveUp()
  }

  #clientHeaders(head: AnswerHead): string[] {
    const { reply, isOwnCookie } = this.#client
    return clientHeaders(head, withPrivateCookies(reply, head.headers), isOwnCookie)
  }
}

const givenUp = (): UpstreamError => new UpstreamError('UPSTREAM_GIVEN_UP', 'the answer is not waited for')

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { FastifyReply } from 'fastify'

import { endRequest } from '../errors/contain.ts'
import type { Place, Waiting } from '../overload/queue.ts'
import type { Session } from '../session/session.ts'
import type { Target } from './addresses.ts'
import {
  breakOff,
  closeAfterUnreadBody,
  endWith,
  flushHead,
  isGone,
  markAborted,
  mustCloseConnection,
  reportUnfinished,
  writeEarlyHints,
  writeHead,
} from './client-response.ts'
import { containErrors } from './contain.ts'
import { failureCodeOf, isConnectFailure, mayRetry, type ProxyFailureCode } from './failure.ts'
import { valueOf, type AnswerHead } from './http1/answer-head.ts'
import type { Carrier, Receiver, UpstreamRequest } from './http1/receiver.ts'
import type { Asked, OpenConnection, OpenConnections } from './open-connections.ts'
import type { IsOwnCookie } from './own-cookies.ts'
import { clientHeaders, withPrivateCookies } from './response-headers.ts'
import { type Relay, relayUpgrade } from './upgrades.ts'
import type { Lane } from './upstream.ts'

export type ExchangeOptions = {
  lane: Lane
  request: UpstreamRequest
  client: IncomingMessage
  reply: FastifyReply
  /** Bytes that came behind an upgrade's head; undefined for all other requests. */
  upgradeHead: Buffer | undefined
  session: Session | undefined
  asked: Asked
  openConnections: OpenConnections
  isOwnCookie: IsOwnCookie
  /** Called at most once, and only while nothing has been sent to the client. */
  onFailure(code: ProxyFailureCode, cause: unknown): void
}

/**
 * One request carried to an upstream and its answer carried back, chunk by chunk and unbuffered: the upstream's connection
 * calls the methods below, they write to the client's socket, and a full socket pauses the connection.
 */
export class Exchange implements Receiver, Waiting, OpenConnection {
  session: Session | undefined
  readonly asked: Asked
  isLongLived = false
  place = -1

  readonly #options: ExchangeOptions
  readonly #response: ServerResponse
  #carrier: Carrier | undefined
  #relay: Relay | undefined
  /** Body bytes still to come, -1 where the upstream did not say. */
  #bytesLeft = -1
  #target: Target | undefined
  #attempts = 0
  #isAdmitted = false
  /** A connection stood, and the request may have been written to it. */
  #isSent = false
  #isAnswered = false
  #isClientGone = false
  #isPausable = false
  #placeInLine: Place | undefined

  static {
    containErrors(this.prototype)
  }

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.session = options.session
    this.asked = options.asked
    this.#response = options.reply.raw
  }

  start(): void {
    const { openConnections, lane } = this.#options
    openConnections.add(this)
    this.#response.on('close', () => this.onClientClose())
    markAborted(this.#response)
    this.#placeInLine = lane.admission.enter(this)
  }

  admit(): void {
    this.#isAdmitted = true
    this.#dispatch()
  }

  refuse(): void {
    this.#options.onFailure('STAGEDOOR_PROXY_OVERLOADED', undefined)
  }

  close(code: number, reason: string): void {
    if (this.#relay !== undefined) return this.#relay.close(code, reason)
    breakOff(this.#response)
  }

  onCarrier(carrier: Carrier): void {
    this.#carrier = carrier
  }

  onSend(): void {
    this.#isSent = true
  }

  onAnswer(): void {
    this.#isAnswered = true
    this.#target?.health.answered()
  }

  onInterim({ status, headers }: AnswerHead): void {
    const link = status === 103 ? valueOf(headers, 'link') : undefined
    if (link !== undefined) writeEarlyHints(this.#options.client, this.#response, link)
  }

  onHead(head: AnswerHead, isBodyHere: boolean): void {
    const { reply } = this.#options
    writeHead(this.#response, head.status, head.statusText, this.#clientHeaders(head))
    reply.hijack()
    this.#bytesLeft = head.contentLength
    this.isLongLived = valueOf(head.headers, 'content-type')?.startsWith('text/event-stream') === true
    // A head that came alone must not wait for the first of its body.
    if (!isBodyHere && this.#bytesLeft !== 0) flushHead(this.#response)
  }

  onData(part: Buffer): void {
    if (this.#bytesLeft !== -1) {
      this.#bytesLeft -= part.length
      // The last bytes and the end in one write.
      if (this.#bytesLeft === 0) return endWith(this.#response, part)
    }
    // A copy: the connection reads the next bytes into the same memory, and the client may take its time.
    if (this.#response.write(Buffer.from(part))) return
    this.#carrier?.pause()
    if (this.#isPausable) return
    this.#isPausable = true
    this.#response.on('drain', () => this.#carrier?.resume())
  }

  onEnd(): void {
    this.#leave()
    if (!this.#response.writableEnded) this.#response.end()
    if (this.#options.upgradeHead === undefined) closeAfterUnreadBody(this.#options.client, this.#response)
  }

  onUpgrade(answer: AnswerHead, upstream: Socket): void {
    const { reply, upgradeHead } = this.#options
    const client = this.#response.socket
    if (client === null || upgradeHead === undefined) {
      upstream.destroy()
      this.#leave()
      return
    }
    this.#carrier = undefined
    const head = ['Connection', 'Upgrade', 'Upgrade', valueOf(answer.headers, 'upgrade') ?? 'websocket']
    for (const item of this.#clientHeaders(answer)) head.push(item)
    reply.hijack()
    this.isLongLived = true
    this.#response.statusCode = answer.status
    this.#response.detachSocket(client)
    this.#relay = relayUpgrade({ client, upstream, status: answer.status, head, clientBytes: upgradeHead }, () =>
      this.onClientClose(),
    )
    // The HTTP half is over: hooks that wait for the end of the answer see a 101.
    this.#response.emit('finish')
  }

  onFailure(error: Error): void {
    this.#carrier = undefined
    this.#noteConnectFailure(error)
    if (this.#mayRetry(error)) return this.#dispatch()
    this.#leave()
    if (this.#isClientGone || isGone(this.#response)) return
    // A truncated body must not look whole: the connection breaks off, as the upstream's did.
    if (this.#response.headersSent) return breakOff(this.#response)
    if (mustCloseConnection(this.#options.client)) this.#options.reply.header('connection', 'close')
    this.#options.onFailure(failureCodeOf(error, this.#isAnswered), error)
  }

  #dispatch(): void {
    const { lane, request } = this.#options
    const target = lane.choose(this.#target)
    this.#release()
    this.#target = target
    target.active += 1
    this.#attempts += 1
    this.#isSent = false
    target.connections.dispatch(request, this)
  }

  #noteConnectFailure(error: Error): void {
    if (!this.#isSent && !this.#isClientGone && isConnectFailure(error)) this.#target?.health.connectFailed(error)
  }

  #mayRetry(error: Error): boolean {
    if (this.#isAnswered || this.#isClientGone) return false
    const { lane, request } = this.#options
    return mayRetry(request, { count: this.#attempts, isSent: this.#isSent }, lane, error)
  }

  #clientHeaders(head: AnswerHead): string[] {
    const { reply, isOwnCookie } = this.#options
    return clientHeaders(head, withPrivateCookies(reply, head.headers), isOwnCookie)
  }

  onClientClose(): void {
    if (this.#isClientGone) return
    this.#isClientGone = true
    const { openConnections, lane } = this.#options
    openConnections.remove(this)
    if (this.#relay === undefined) reportUnfinished(this.#response)
    if (lane.admission.withdraw(this.#placeInLine)) return
    this.#carrier?.abort()
    this.#leave()
  }

  /** Ends all of it: what failed is a mistake of ours. */
  collapse(error: unknown): void {
    this.#carrier?.abort()
    if (this.#response.headersSent || isGone(this.#response)) endRequest(error, this.#response, this.#options.reply.log)
    else this.#options.onFailure('STAGEDOOR_INTERNAL', error)
    this.#leave()
  }

  #leave(): void {
    this.#carrier = undefined
    if (!this.#isAdmitted) return
    this.#isAdmitted = false
    this.#release()
    this.#options.lane.admission.leave()
  }

  #release(): void {
    if (this.#target !== undefined) this.#target.active -= 1
    this.#target = undefined
  }
}

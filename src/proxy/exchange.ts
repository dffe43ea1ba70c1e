import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import type { FastifyReply } from 'fastify'
import type { Dispatcher } from 'undici'

import type { Session } from '../session/session.ts'
import type { Applicant } from './admission.ts'
import type { Target } from './balancer.ts'
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
import { failureCodeOf, isConnectFailure, type ProxyFailureCode } from './failure.ts'
import type { Asked, OpenConnection, OpenConnections } from './open-connections.ts'
import type { IsOwnCookie } from './own-cookies.ts'
import { type Relay, relayUpgrade } from './relay.ts'
import { clientHeaders } from './response-headers.ts'
import { mayRetry } from './retry.ts'
import { bodyLengthOf } from './upstream-answer.ts'
import type { Lane } from './upstream.ts'

export type ExchangeOptions = {
  lane: Lane
  /** `servername` is undici's, though its types leave it out. */
  request: Dispatcher.DispatchOptions & { servername?: string | undefined }
  client: IncomingMessage
  reply: FastifyReply
  /** Bytes that came behind an upgrade's head; undefined for all other requests. */
  upgradeHead: Buffer | undefined
  clientKey: string
  session: Session | undefined
  asked: Asked
  openConnections: OpenConnections
  isOwnCookie: IsOwnCookie
  /** Called at most once, and only while nothing has been sent to the client. */
  onFailure(code: ProxyFailureCode, cause: unknown): void
}

/**
 * One request carried to an upstream and its answer carried back, chunk by chunk and unbuffered: undici's parser calls
 * the methods below, they write to the client's socket, and a full socket pauses the parser.
 */
export class Exchange implements Dispatcher.DispatchHandler, Applicant, OpenConnection {
  readonly clientKey: string
  session: Session | undefined
  readonly asked: Asked
  isLongLived = false
  place = -1
  waiting: Applicant['waiting']

  readonly #options: ExchangeOptions
  readonly #response: ServerResponse
  #controller: Dispatcher.DispatchController | undefined
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

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.clientKey = options.clientKey
    this.session = options.session
    this.asked = options.asked
    this.#response = options.reply.raw
  }

  start(): void {
    const { openConnections, lane } = this.#options
    openConnections.add(this)
    this.#response.on('close', () => this.#onClientClose())
    markAborted(this.#response)
    lane.admission.enter(this)
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

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#isSent = true
    if (this.#isClientGone) controller.abort(new Error('the client went away'))
  }

  onResponseStarted(): void {
    this.#isAnswered = true
    this.#target?.health.answered()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    statusText = '',
  ): void {
    if (status < 200) return this.#forwardEarlyHints(status, headers)
    forgetHead(controller)
    const { reply } = this.#options
    const list = this.#clientHeaders(headers)
    writeHead(this.#response, status, statusText, list)
    reply.hijack()
    this.#bytesLeft = bodyLengthOf(headers)
    this.isLongLived = headers['content-type']?.startsWith('text/event-stream') === true
    // Once the bytes that came with the head are handled: a head without any must not wait for the first of its body.
    if (this.#bytesLeft !== 0) process.nextTick(flushHead, this.#response)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#bytesLeft !== -1) {
      this.#bytesLeft -= chunk.length
      // The last bytes and the end in one write.
      if (this.#bytesLeft === 0) return endWith(this.#response, chunk)
    }
    if (this.#response.write(chunk)) return
    controller.pause()
    if (this.#isPausable) return
    this.#isPausable = true
    this.#response.on('drain', () => this.#controller?.resume())
  }

  // The upstream's trailers end here: the client was not promised any, and they could not be checked like a head.
  onResponseEnd(): void {
    this.#leave()
    if (!this.#response.writableEnded) this.#response.end()
    if (this.#options.upgradeHead === undefined) closeAfterUnreadBody(this.#options.client, this.#response)
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    upstream: Duplex,
  ): void {
    forgetHead(controller)
    const { reply, upgradeHead } = this.#options
    const client = this.#response.socket
    if (client === null || upgradeHead === undefined) {
      upstream.destroy()
      this.#leave()
      return
    }
    const head = ['Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? 'websocket']
    for (const item of this.#clientHeaders(headers)) head.push(item)
    reply.hijack()
    this.isLongLived = true
    this.#response.statusCode = status
    this.#response.detachSocket(client)
    this.#relay = relayUpgrade({ client, upstream, status, head, clientBytes: upgradeHead }, () =>
      this.#onClientClose(),
    )
    // The HTTP half is over: hooks that wait for the end of the answer see a 101.
    this.#response.emit('finish')
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
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
    target.dispatcher.dispatch(request, this)
  }

  #noteConnectFailure(error: Error): void {
    if (!this.#isSent && !this.#isClientGone && isConnectFailure(error)) this.#target?.health.connectFailed(error)
  }

  #mayRetry(error: Error): boolean {
    if (this.#isAnswered || this.#isClientGone) return false
    const { lane, request } = this.#options
    return mayRetry(request, { count: this.#attempts, isSent: this.#isSent }, lane, error)
  }

  #clientHeaders(headers: IncomingHttpHeaders): string[] {
    const { reply, isOwnCookie } = this.#options
    return clientHeaders(headers, reply.getHeaders(), isOwnCookie)
  }

  #forwardEarlyHints(status: number, { link }: IncomingHttpHeaders): void {
    if (status === 103 && link !== undefined) writeEarlyHints(this.#options.client, this.#response, link)
  }

  #onClientClose(): void {
    if (this.#isClientGone) return
    this.#isClientGone = true
    const { openConnections, lane } = this.#options
    openConnections.remove(this)
    if (this.#relay === undefined) reportUnfinished(this.#response)
    if (lane.admission.withdraw(this)) return
    if (this.#isAdmitted) this.#controller?.abort(new Error('the client went away'))
    this.#leave()
  }

  #leave(): void {
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

/** The head as it was read, a buffer for each name and each value: nobody asks for it, and streams would hold it for hours. */
function forgetHead(controller: Dispatcher.DispatchController): void {
  controller.rawHeaders = null
}

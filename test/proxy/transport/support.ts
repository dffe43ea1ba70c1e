import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import type { Test } from 'tap'
import type { Dispatcher } from 'undici'

import { type AnswerHead, readAnswerHead } from '../../../src/proxy/answer-head.ts'
import { failureCodeOf, isConnectFailure } from '../../../src/proxy/failure.ts'
import {
  createTransport,
  type Transport,
  type TransportOptions,
  type UpstreamRequest,
} from '../../../src/proxy/transport.ts'

type Controller = Dispatcher.DispatchController

/** What became of a request: an answer, a granted upgrade, or the code for the client. */
export type Outcome = { status: number; body: string } | { failure: string }

/** What is heard, in this order. */
type Name = 'sent' | 'begun' | 'interim' | 'head' | 'data' | 'end' | 'upgrade' | 'failed'
export type Hooks = { [Each in Name]?: () => void }

/** Hears all and keeps it. Emits what it hears, so that a test can wait for it, after the test's own hook has had its turn. */
export class Recording extends EventEmitter implements Dispatcher.DispatchHandler {
  /** Names of all that was heard, in order. */
  readonly heard: Name[] = []
  readonly interim: AnswerHead[] = []
  readonly parts: Buffer[] = []
  readonly outcome: Promise<Outcome>
  controller: Controller | undefined
  head: AnswerHead | undefined
  socket: Duplex | undefined
  error: Error | undefined
  readonly #hooks: Hooks
  readonly #settle: (outcome: Outcome) => void

  constructor(hooks: Hooks = {}) {
    super()
    this.#hooks = hooks
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.outcome = promise
    this.#settle = resolve
  }

  get body(): Buffer {
    return Buffer.concat(this.parts)
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller
    this.#note('sent')
  }

  onResponseStarted(): void {
    this.#note('begun')
  }

  onResponseStart(controller: Controller, status: number, _headers: object, statusText = ''): void {
    const head = readAnswerHead(status, statusText, controller.rawHeaders as Buffer[])
    if (status < 200) {
      this.interim.push(head)
      return this.#note('interim')
    }
    this.head = head
    this.#note('head')
  }

  onResponseData(_controller: Controller, part: Buffer): void {
    this.parts.push(part)
    this.#note('data')
  }

  onResponseEnd(): void {
    this.#note('end')
    this.#settle({ status: this.head?.status ?? 0, body: this.body.toString('latin1') })
  }

  onRequestUpgrade(controller: Controller, status: number, _headers: object, socket: Duplex): void {
    this.head = readAnswerHead(status, '', controller.rawHeaders as Buffer[])
    this.socket = socket
    this.#note('upgrade')
    this.#settle({ status, body: '' })
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    this.error = error
    this.#note('failed')
    const isAnswered = this.heard.includes('begun')
    const failure = failureCodeOf(error, isAnswered).replace('STAGEDOOR_PROXY_', '')
    this.#settle({ failure: isConnectFailure(error) ? `connect: ${failure}` : failure })
  }

  #note(name: Name): void {
    this.heard.push(name)
    this.#hooks[name]?.()
    this.emit(name)
  }
}

const plain: UpstreamRequest = {
  method: 'GET',
  path: '/',
  headers: ['host', 'portal.example.com'],
  upgrade: undefined,
  body: null,
  headTimeoutMs: 60_000,
}

/** Sends a request and records what becomes of it. */
export function send(transport: Transport, request: Partial<UpstreamRequest> = {}, hooks: Hooks = {}): Recording {
  const recording = new Recording(hooks)
  transport.dispatch({ ...plain, ...request }, recording)
  return recording
}

/** Connections that close themselves. */
export function startTransport(t: Test, url: string, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport(url, { connectTimeoutMs: 60_000, maxHeaderBytes: 65_536, ...options })
  t.teardown(() => transport.close())
  return transport
}

/** Gives sockets numbers, in the order in which they are met: 1 for the first. */
export function numbering(): (socket: object) => number {
  const known: object[] = []
  return (socket) => {
    if (!known.includes(socket)) known.push(socket)
    return known.indexOf(socket) + 1
  }
}

/** Certificates of `test/support/tls`. */
export const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'support', 'tls', `${name}.pem`), 'utf8')

import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'

import type { Test } from 'tap'

import type { AnswerHead } from '../../../src/proxy/http1/answer-head.ts'
import { type ConnectionPool, createConnectionPool } from '../../../src/proxy/http1/connection-pool.ts'
import type { Carrier, Receiver, UpstreamRequest } from '../../../src/proxy/http1/receiver.ts'
import type { AddressOptions } from '../../../src/proxy/http1/socket.ts'

/** The outcome of a request: an answer, a granted upgrade, or the code of an error. */
export type Outcome = { status: number; body: string } | { failure: string }

type Hooks = { [Name in keyof Receiver]?: (...given: Parameters<Receiver[Name]>) => void }

/**
 * Records every call. Emits an event with the name of the called method, so that a test can wait for it, after the
 * test's own hook has run.
 */
export class Recording extends EventEmitter implements Receiver {
  /** Names of all called methods, in order. */
  readonly calls: string[] = []
  readonly interim: AnswerHead[] = []
  readonly parts: Buffer[] = []
  readonly outcome: Promise<Outcome>
  carrier: Carrier | undefined
  head: AnswerHead | undefined
  socket: Socket | undefined
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

  onCarrier(carrier: Carrier): void {
    this.carrier = carrier
    this.#note('onCarrier', carrier)
  }

  onSend(): void {
    this.#note('onSend')
  }

  onAnswer(): void {
    this.#note('onAnswer')
  }

  onInterim(head: AnswerHead): void {
    this.interim.push(head)
    this.#note('onInterim', head)
  }

  onHead(head: AnswerHead, isBodyHere: boolean): void {
    this.head = head
    this.#note('onHead', head, isBodyHere)
  }

  onData(part: Buffer): void {
    this.parts.push(Buffer.from(part))
    this.#note('onData', part)
  }

  onEnd(): void {
    this.#note('onEnd')
    this.#settle({ status: this.head?.status ?? 0, body: this.body.toString('latin1') })
  }

  onUpgrade(head: AnswerHead, socket: Socket): void {
    this.head = head
    this.socket = socket
    this.#note('onUpgrade', head, socket)
    this.#settle({ status: head.status, body: '' })
  }

  onFailure(error: Error): void {
    this.error = error
    this.#note('onFailure', error)
    this.#settle({ failure: 'code' in error ? String(error.code) : error.name })
  }

  #note<Name extends keyof Receiver>(name: Name, ...given: Parameters<Receiver[Name]>): void {
    this.calls.push(name)
    this.#hooks[name]?.(...given)
    this.emit(name)
  }
}

const plain: UpstreamRequest = {
  method: 'GET',
  path: '/',
  headers: ['host', 'portal.example.com'],
  upgrade: undefined,
  body: null,
  bodyLength: -1,
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
}

/** Sends a request and records its outcome. */
export function send(
  connections: ConnectionPool,
  request: Partial<UpstreamRequest> = {},
  hooks: Hooks = {},
): Recording {
  const recording = new Recording(hooks)
  connections.dispatch({ ...plain, ...request }, recording)
  return recording
}

/** Connections that close themselves. */
export function startConnections(t: Test, url: string, options: Partial<AddressOptions> = {}): ConnectionPool {
  const connections = createConnectionPool(url, { connectTimeoutMs: 60_000, maxHeaderBytes: 65_536, ...options })
  t.teardown(() => connections.close())
  return connections
}

/** Numbers sockets in the order in which they are first seen, from 1. */
export function numbering(): (socket: object) => number {
  const known: object[] = []
  return (socket) => {
    if (!known.includes(socket)) known.push(socket)
    return known.indexOf(socket) + 1
  }
}

type FakeTimer = { runsAt: number; afterMs: number; callback: () => void }

/** Stops time for all timers that are set from now to the end of the test; `pass` advances it. */
export function holdTime(t: Test): { pass(ms: number): void } {
  let now = 0
  const timers = new Set<FakeTimer>()
  const setHeld = (callback: () => void, afterMs: number) => {
    const timer = { callback, afterMs, runsAt: now + afterMs, unref: () => timer, refresh: () => start(timer) }
    return start(timer)
  }
  function start<Timer extends FakeTimer>(timer: Timer): Timer {
    timer.runsAt = now + timer.afterMs
    timers.add(timer)
    return timer
  }
  const { setTimeout, clearTimeout } = globalThis
  t.teardown(() => Object.assign(globalThis, { setTimeout, clearTimeout }))
  // Clear a timer that was set before time stopped as usual.
  const clearHeld = (timer: FakeTimer) => timers.delete(timer) || clearTimeout(timer as never)
  Object.assign(globalThis, { setTimeout: setHeld, clearTimeout: clearHeld })
  return {
    pass(ms) {
      now += ms
      for (const timer of timers) {
        if (timer.runsAt > now) continue
        timers.delete(timer)
        timer.callback()
      }
    },
  }
}

/** Certificates of `test/support/tls`. */
export const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'support', 'tls', `${name}.pem`), 'utf8')

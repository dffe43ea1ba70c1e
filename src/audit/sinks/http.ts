import { setTimeout as delay } from 'node:timers/promises'

import { type OnFailure, reasonOf, type Sink, type SinkStatus } from './sink.ts'
import type { Spool } from './spool.ts'

type HttpSinkOptions = {
  url: string
  headers: Readonly<Record<string, string>>
  onFailure: OnFailure
  spool: Spool
  /** How long records are collected before they are sent. */
  gatherMs: number
  timeoutMs: number
  fetch: typeof fetch
}

const firstRetryMs = 250
const maxRetryMs = 30_000
/** How long a shutdown waits for the receiver. Remaining records stay on disk and are sent after the next start. */
const closeTimeoutMs = 2_000

/**
 * Sends batches of JSON lines from a queue on disk by POST. Each batch is retried until the receiver answers 2xx, so each record arrives
 * at least once. The receiver can detect duplicates by `writer` and `seq`.
 */
export class HttpSink implements Sink {
  #options: HttpSinkOptions
  readonly #ending = new AbortController()
  readonly #cutOff = new AbortController()
  #lost = 0
  #queueReason: string | undefined
  #sendReason: string | undefined
  #failures = 0
  #sending: Promise<void> | undefined

  constructor(options: HttpSinkOptions) {
    this.#options = options
    if (options.spool.waiting > 0) this.#sendSoon()
  }

  get name(): string {
    return `http ${new URL(this.#options.url).host}`
  }

  get onFailure(): OnFailure {
    return this.#options.onFailure
  }

  /** Takes over new settings for the same queue. Waiting records are sent to the new address. */
  use(options: Omit<HttpSinkOptions, 'spool'>): void {
    this.#options = { ...options, spool: this.#options.spool }
  }

  take(lines: readonly string[]): void {
    try {
      this.#options.spool.append(lines)
      this.#queueReason = undefined
    } catch (error) {
      this.#lost += lines.length
      this.#queueReason = reasonOf(error)
    }
    this.#sendSoon()
  }

  /** A record counts as kept when it is in the queue on disk, even before the receiver has it. */
  async settled(): Promise<void> {
    if (this.#queueReason !== undefined) throw new Error(this.#queueReason)
  }

  status(): SinkStatus {
    const { spool } = this.#options
    const reason = this.#queueReason ?? this.#sendReason
    return { reason, waiting: spool.waiting, lost: this.#lost + spool.lost }
  }

  async close(): Promise<void> {
    this.#ending.abort()
    const late = setTimeout(() => this.#cutOff.abort(), closeTimeoutMs)
    await this.#sending
    while (!this.#cutOff.signal.aborted && (await this.#sendOldest()) === 'sent');
    clearTimeout(late)
    this.#options.spool.close()
  }

  /** Starts the sending loop, unless it runs already. It ends when no records wait. */
  #sendSoon(): void {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined))
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#ending
    let waitMs = this.#options.gatherMs
    while (!signal.aborted) {
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      const outcome = await this.#sendOldest()
      if (outcome === 'none') return
      waitMs = outcome === 'sent' ? 0 : Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(this.#failures - 1, 10))
    }
  }

  async #sendOldest(): Promise<'sent' | 'none' | 'failed'> {
    const { spool } = this.#options
    try {
      const piece = spool.oldest()
      if (piece === undefined) return 'none'
      if (piece.text !== '') await this.#post(piece.text)
      spool.remove(piece.name)
      this.#failures = 0
      this.#sendReason = undefined
      return 'sent'
    } catch (error) {
      this.#failures += 1
      this.#sendReason = reasonOf(error)
      return 'failed'
    }
  }

  async #post(body: string): Promise<void> {
    const { url, timeoutMs, fetch } = this.#options
    const headers = { ...this.#options.headers, 'content-type': 'application/x-ndjson' }
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#cutOff.signal])
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the receiver answers ${response.status}`)
  }
}

import { setTimeout as delay } from 'node:timers/promises'

import type { RedisClient } from './client.ts'

export type LinkOptions = {
  /** Creates a client for the present address of the server. The client is not connected yet. */
  prepare: () => Promise<RedisClient>
  /** Runs on every new connection before the connection counts as up. */
  greet?: (client: RedisClient) => Promise<void>
  /** Checks the server; default: PING. A rejection closes the connection. */
  probe?: (client: RedisClient) => Promise<unknown>
  onUp: () => void
  /** Called for every loss and every failed attempt. */
  onDown: (cause: unknown) => void
  timeoutMs: number
}

const firstRetryMs = 50
const lastRetryMs = 1_000
/** How often the connection is probed, to notice a server that hangs or a network that drops packets. A probe may take `timeoutMs`. */
const probeEveryMs = 1_000

/** A connection that is reopened whenever it is lost, each time to the server's present address. */
export class Link {
  readonly #options: LinkOptions
  #current: RedisClient | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #renewing: Promise<void> | undefined
  #retryMs = firstRetryMs

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** The connection; undefined while there is none. */
  client(): RedisClient | undefined {
    return this.#current
  }

  start(): void {
    void this.#open()
  }

  /** Opens a new connection and then closes the present one. Retries until the new one is open, or the present one is lost. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renewUntilThere().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #renewUntilThere(): Promise<void> {
    const before = this.#current
    if (before === undefined) return
    const tryOnce = () => this.#connect().catch(() => undefined)
    let next = await tryOnce()
    for (let retryMs = firstRetryMs; next === undefined && this.#current === before;) {
      await delay(retryMs, undefined, { ref: false })
      retryMs = Math.min(retryMs * 2, lastRetryMs)
      next = await tryOnce()
    }
    // The connection was lost meanwhile, so the link is already opening another one.
    if (next === undefined || this.#current !== before) return discard(next)
    this.#adopt(next)
    // `close` lets pending commands get their answers.
    before.close().catch(() => discard(before))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const client = this.#current
    this.#current = undefined
    discard(client)
  }

  /** Connects and greets. Closes a client that fails. */
  async #connect(): Promise<RedisClient> {
    const { prepare, greet, timeoutMs } = this.#options
    const client = await prepare()
    client.on('error', (error: unknown) => this.#lose(client, error))
    client.on('end', () => this.#lose(client, new Error('the connection ended')))
    try {
      await within(
        timeoutMs * 2,
        client.connect().then(() => greet?.(client)),
      )
      return client
    } catch (cause) {
      discard(client)
      throw cause
    }
  }

  async #open(): Promise<void> {
    try {
      this.#adopt(await this.#connect())
      this.#retryMs = firstRetryMs
    } catch (cause) {
      if (this.#isClosed) return
      this.#options.onDown(cause)
      this.#later(this.#retryMs * (0.5 + Math.random() / 2), () => this.#open())
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
    }
  }

  #adopt(client: RedisClient): void {
    if (this.#isClosed) return discard(client)
    this.#current = client
    this.#later(probeEveryMs, () => this.#probe(client))
    this.#options.onUp()
  }

  async #probe(client: RedisClient): Promise<void> {
    const { timeoutMs, probe = ping } = this.#options
    try {
      await within(timeoutMs, probe(client))
      if (client === this.#current) this.#later(probeEveryMs, () => this.#probe(client))
    } catch (cause) {
      this.#lose(client, cause)
    }
  }

  #lose(client: RedisClient, cause: unknown): void {
    if (client !== this.#current) return
    this.#current = undefined
    discard(client)
    this.#options.onDown(cause)
    this.#later(firstRetryMs, () => this.#open())
  }

  #later(delayMs: number, next: () => Promise<void>): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void next(), delayMs)
    this.#timer.unref()
  }
}

const ping = (client: RedisClient): Promise<unknown> => client.ping()

/** Closes a connection at once; its pending commands are rejected. */
function discard(client: RedisClient | undefined): void {
  if (client?.isOpen === true) client.destroy()
}

/** @throws Error when the work takes longer */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from Redis within ${ms} ms`)), ms)
    timer.unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

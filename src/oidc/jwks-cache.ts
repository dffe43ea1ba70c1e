import type { JWK } from 'jose'

import { type JwkSet, keepUnchanged, parseJwkSet } from './jwk-set.ts'
import type { JwksStore } from './jwks-store.ts'
import { createUnknownKeys } from './unknown-keys.ts'

export type JwksCacheOptions = {
  issuer: string
  /** Fetches the JWK Set of the issuer, as text. */
  fetchJwks: () => Promise<string>
  store: JwksStore
  refreshEveryMs: number
  /** How long the last good set is used while the issuer does not answer. */
  keepForMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Between 0 and 1, so that many gateways do not ask at once. */
  random: () => number
  onStatus?: (status: JwksStatus['status'], cause?: unknown) => void
}

export type JwksStatus = {
  issuer: string
  /** `stale`: the last good keys are used while the issuer does not answer. `none`: nothing can be verified. */
  status: 'fresh' | 'stale' | 'none'
  keys: number
  /** Age of the keys in use, milliseconds. */
  ageMs: number
  fetches: number
  failures: number
}

/** `unknown`: the issuer has no such key. `unavailable`: we have no keys of the issuer at all. */
export type KeyLookup = JWK | 'unknown' | 'unavailable'

export type JwksCache = {
  /** The key, if it is at hand: the hot path, which never waits. */
  recall(kid: string): JWK | undefined
  find(kid: string): Promise<KeyLookup>
  refresh(): Promise<void>
  status(): JwksStatus
  close(): void
}

const firstRetryMs = 2_000

/**
 * The keys of one issuer, fetched in the background and never because a token said so. jose's own remote set fails all
 * verification once an outage outlasts its cache; this one keeps using the last good keys, for a bounded time.
 */
export async function createJwksCache(options: JwksCacheOptions): Promise<JwksCache> {
  const cache = new IssuerKeys(options)
  await cache.start()
  return {
    recall: (kid) => cache.recall(kid),
    find: (kid) => cache.find(kid),
    refresh: () => cache.refresh(),
    status: () => cache.status(),
    close: () => cache.close(),
  }
}

class IssuerKeys implements JwksCache {
  readonly #options: JwksCacheOptions
  readonly #unknown: ReturnType<typeof createUnknownKeys>
  #keys: JwkSet | undefined
  #fetchedAt = -Infinity
  #dueAt = -Infinity
  #failuresInARow = 0
  #inFlight: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #counts = { fetches: 0, failures: 0 }

  constructor(options: JwksCacheOptions) {
    this.#options = options
    this.#unknown = createUnknownKeys(options.now)
  }

  /** Takes the stored keys, and begins to fetch. */
  async start(): Promise<void> {
    const { store, issuer, now, onStatus } = this.#options
    try {
      const stored = await store.read(issuer)
      if (stored !== undefined && stored.fetchedAt <= now()) {
        this.#keys = parseJwkSet(stored.jwks)
        this.#fetchedAt = stored.fetchedAt
      }
    } catch (cause) {
      onStatus?.('none', cause)
    }
    this.#schedule()
  }

  recall(kid: string): JWK | undefined {
    // Timers follow the machine's clock; a busy gateway looks at the clock it was given.
    if (this.#options.now() >= this.#dueAt && this.#inFlight === undefined && !this.#isClosed) void this.refresh()
    return this.#usable()?.get(kid)
  }

  async find(kid: string): Promise<KeyLookup> {
    if (this.#usable() === undefined && this.#mayFetchFirstKeys()) await this.refresh()
    const known = this.#usable()?.get(kid)
    if (known !== undefined) return known
    if (this.#usable() === undefined) return 'unavailable'
    if (this.#unknown.isKnownToBeUnknown(kid)) return 'unknown'
    if (this.#inFlight === undefined && !this.#unknown.mayAsk()) return 'unknown'
    await this.refresh()
    const found = this.#usable()?.get(kid)
    // While the issuer does not answer, an id must not be remembered as unknown.
    if (found === undefined && this.#failuresInARow === 0) this.#unknown.remember(kid)
    return found ?? 'unknown'
  }

  refresh(): Promise<void> {
    this.#inFlight ??= this.#fetch().finally(() => (this.#inFlight = undefined))
    return this.#inFlight
  }

  status(): JwksStatus {
    const { issuer, now } = this.#options
    const keys = this.#usable()?.size ?? 0
    return { issuer, status: this.#statusNow(), keys, ageMs: now() - this.#fetchedAt, ...this.#counts }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Without any key no token can be verified: a request may bring the next try forward, once in ten seconds. */
  #mayFetchFirstKeys(): boolean {
    return this.#options.now() >= this.#dueAt || this.#inFlight !== undefined || this.#unknown.mayAsk()
  }

  async #fetch(): Promise<void> {
    const { fetchJwks, onStatus, now } = this.#options
    this.#counts.fetches += 1
    try {
      await this.#take(await fetchJwks())
    } catch (cause) {
      this.#counts.failures += 1
      this.#failuresInARow += 1
      const delayMs = Math.min(firstRetryMs * 2 ** (this.#failuresInARow - 1), this.#options.refreshEveryMs)
      this.#dueAt = now() + this.#jittered(delayMs)
      if (this.#failuresInARow === 1) onStatus?.(this.#statusNow(), cause)
    } finally {
      this.#schedule()
    }
  }

  async #take(jwks: string): Promise<void> {
    const { issuer, store, now, refreshEveryMs, onStatus } = this.#options
    this.#keys = keepUnchanged(this.#keys, parseJwkSet(jwks))
    this.#fetchedAt = now()
    this.#dueAt = now() + this.#jittered(refreshEveryMs)
    if (this.#failuresInARow > 0) onStatus?.('fresh')
    this.#failuresInARow = 0
    const stored = { issuer, jwks, fetchedAt: this.#fetchedAt }
    await store.write(stored).catch((cause: unknown) => onStatus?.('fresh', cause))
  }

  #jittered(delayMs: number): number {
    return delayMs * (0.9 + 0.2 * this.#options.random())
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.refresh(), Math.max(0, this.#dueAt - this.#options.now()))
    this.#timer.unref()
  }

  #usable(): JwkSet | undefined {
    return this.#options.now() - this.#fetchedAt <= this.#options.keepForMs ? this.#keys : undefined
  }

  #statusNow(): JwksStatus['status'] {
    if (this.#usable() === undefined) return 'none'
    return this.#failuresInARow === 0 ? 'fresh' : 'stale'
  }
}

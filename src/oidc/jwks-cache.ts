import { createLocalJWKSet, type JSONWebKeySet, type LocalJWKSet } from 'jose'
import { LRUCache } from 'lru-cache'

import type { JwksStore } from './jwks-store.ts'

export type JwksCacheOptions = {
  issuer: string
  /** Fetches the JWK Set of the issuer, as text. */
  fetchJwks: (signal: AbortSignal) => Promise<string>
  /** How long one fetch may take. */
  timeoutMs: number
  store: JwksStore
  refreshEveryMs: number
  /** How long the last good set is used while the issuer does not answer. */
  keepForMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Returns a number between 0 and 1. Spreads the fetches of many gateways over time. */
  random: () => number
  onStatus?: (status: JwksStatus['status'], cause?: unknown) => void
}

type JwksStatus = {
  issuer: string
  /** `stale`: the last good keys are used while the issuer does not answer. `none`: nothing can be verified. */
  status: 'fresh' | 'stale' | 'none'
  keys: number
  /** Age of the keys in use, milliseconds. */
  ageMs: number
}

/** `unknown`: the issuer has no such key. `unavailable`: we have no keys of the issuer at all. */
type KeyLookup = 'known' | 'unknown' | 'unavailable'

/** More keys than any issuer publishes, and few enough to search. */
const maxKeys = 20
export const maxJwksBytes = 150_000

const firstRetryMs = 2_000
/** An unknown key id may belong to a new key, so it causes a fetch; invented ids cause at most one in this time. */
const fetchForUnknownEveryMs = 10_000
/** After this time an unknown id causes a fetch again, in case its key has been published. */
const unknownForMs = 30_000
const maxUnknown = 1_000

/** The keys of one issuer, fetched in the background; jose selects and imports them. */
export class JwksCache {
  readonly #options: JwksCacheOptions
  readonly #unknown: LRUCache<string, true>
  #select = createLocalJWKSet({ keys: [] })
  #keys: ReadonlyMap<string, string> = new Map()
  #fetchedAt = -Infinity
  #dueAt = -Infinity
  #fetchedForUnknownAt = -Infinity
  #failuresInARow = 0
  #inFlight: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** Starts with the stored keys, unless their fetch time is in the future. */
  static async open(options: JwksCacheOptions): Promise<JwksCache> {
    const { issuer, store, now, onStatus } = options
    const cache = new JwksCache(options)
    try {
      const kept = await store.read(issuer)
      if (kept !== undefined && kept.uat <= now()) cache.#use(kept.jwks, kept.uat)
    } catch (cause) {
      onStatus?.('none', cause)
    }
    cache.#schedule()
    return cache
  }

  private constructor(options: JwksCacheOptions) {
    const { now } = options
    this.#options = options
    this.#unknown = new LRUCache({ max: maxUnknown, ttl: unknownForMs, ttlResolution: 0, perf: { now } })
  }

  /** Selects the key for a header whose `kid` is known, for jose's verify functions. */
  get select(): LocalJWKSet {
    return this.#select
  }

  /** The key as text, if it is in memory. This is the hot path and never waits. A changed text means a changed key. */
  recall(kid: string): string | undefined {
    // The refresh timer uses the machine's clock; a busy gateway also checks the clock that it was given.
    if (this.#options.now() >= this.#dueAt && this.#inFlight === undefined && !this.#isClosed) void this.refresh()
    return this.#isUsable() ? this.#keys.get(kid) : undefined
  }

  async find(kid: string): Promise<KeyLookup> {
    if (!this.#isUsable() && this.#mayFetchFirstKeys()) await this.refresh()
    if (!this.#isUsable()) return 'unavailable'
    if (this.#keys.has(kid)) return 'known'
    if (this.#unknown.has(kid)) return 'unknown'
    if (this.#inFlight === undefined && !this.#mayFetchForUnknown()) return 'unknown'
    await this.refresh()
    if (this.#keys.has(kid)) return 'known'
    // Remember an id as unknown only if the issuer has answered.
    if (this.#failuresInARow === 0) this.#unknown.set(kid, true)
    return 'unknown'
  }

  refresh(): Promise<void> {
    this.#inFlight ??= this.#fetch().finally(() => (this.#inFlight = undefined))
    return this.#inFlight
  }

  status(): JwksStatus {
    const { issuer, now } = this.#options
    const keys = this.#isUsable() ? this.#keys.size : 0
    return { issuer, status: this.#statusNow(), keys, ageMs: now() - this.#fetchedAt }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Without keys no token can be verified, so a request may fetch them before the next retry is due, once in ten seconds. */
  #mayFetchFirstKeys(): boolean {
    return this.#options.now() >= this.#dueAt || this.#inFlight !== undefined || this.#mayFetchForUnknown()
  }

  #mayFetchForUnknown(): boolean {
    const now = this.#options.now()
    // The absolute difference: a clock that was set back must not delay the fetch of a new key.
    if (Math.abs(now - this.#fetchedForUnknownAt) < fetchForUnknownEveryMs) return false
    this.#fetchedForUnknownAt = now
    return true
  }

  async #fetch(): Promise<void> {
    const { fetchJwks, timeoutMs, onStatus, now, refreshEveryMs } = this.#options
    try {
      await this.#take(verificationKeysIn(await fetchJwks(AbortSignal.timeout(timeoutMs))))
    } catch (cause) {
      this.#failuresInARow += 1
      this.#dueAt = now() + this.#jittered(Math.min(firstRetryMs * 2 ** (this.#failuresInARow - 1), refreshEveryMs))
      if (this.#failuresInARow === 1) onStatus?.(this.#statusNow(), cause)
    } finally {
      this.#schedule()
    }
  }

  async #take(jwks: JSONWebKeySet): Promise<void> {
    const { issuer, store, now, refreshEveryMs, onStatus } = this.#options
    this.#use(jwks, now())
    this.#dueAt = now() + this.#jittered(refreshEveryMs)
    if (this.#failuresInARow > 0) onStatus?.('fresh')
    this.#failuresInARow = 0
    await store.write(issuer, { jwks, uat: this.#fetchedAt }).catch((cause: unknown) => onStatus?.('fresh', cause))
  }

  #use(jwks: JSONWebKeySet, fetchedAt: number): void {
    this.#select = createLocalJWKSet(jwks)
    this.#keys = new Map(jwks.keys.map((key) => [String(key.kid), JSON.stringify(key)]))
    this.#fetchedAt = fetchedAt
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

  #isUsable(): boolean {
    return this.#keys.size > 0 && this.#options.now() - this.#fetchedAt <= this.#options.keepForMs
  }

  #statusNow(): JwksStatus['status'] {
    if (!this.#isUsable()) return 'none'
    return this.#failuresInARow === 0 ? 'fresh' : 'stale'
  }
}

/**
 * The keys of a JWK Set (RFC 7517 §5) that can verify a token: public, for signatures, with an id.
 * @throws TypeError when the text is not a JWK Set, has too many keys, or has no usable key
 */
export function verificationKeysIn(text: string): JSONWebKeySet {
  const { keys } = (JSON.parse(text) ?? {}) as Partial<JSONWebKeySet>
  if (!Array.isArray(keys)) throw new TypeError('not a JWK Set')
  if (keys.length > maxKeys) throw new TypeError(`a JWK Set of ${keys.length} keys; ${maxKeys} are the most we take`)
  const usable = keys.filter(isVerificationKey)
  if (usable.length === 0) throw new TypeError('a JWK Set without a key that verifies')
  return { keys: usable }
}

function isVerificationKey(key: unknown): boolean {
  if (typeof key !== 'object' || key === null || 'd' in key) return false
  const { kid, kty, use = 'sig' } = key as Readonly<Record<string, unknown>>
  return typeof kid === 'string' && kid !== '' && use === 'sig' && ['RSA', 'EC', 'OKP'].includes(kty as string)
}

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
  /** Between 0 and 1, so that many gateways do not fetch at once. */
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

/** More keys than any issuer publishes, few enough to look through. */
const maxKeys = 20
export const maxJwksBytes = 150_000

const firstRetryMs = 2_000
/** An unknown id may belong to a new key. Made-up ids cause at most one fetch in this time. */
const fetchForUnknownEveryMs = 10_000
/** After this time an unknown id is looked up again, in case the key was published. */
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

  /** Begins with the keys that the store kept, if they are not from the future. */
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

  /** The key as text, if it is in memory: the hot path, which never waits. Another text is another key. */
  recall(kid: string): string | undefined {
    // Timers follow the machine's clock; a busy gateway looks at the clock it was given.
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
    // While the issuer does not answer, an id must not be remembered as unknown.
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

  /** Without any key no token can be verified: a request may bring the next try forward, once in ten seconds. */
  #mayFetchFirstKeys(): boolean {
    return this.#options.now() >= this.#dueAt || this.#inFlight !== undefined || this.#mayFetchForUnknown()
  }

  #mayFetchForUnknown(): boolean {
    const now = this.#options.now()
    // A clock that was set back holds no new key up.
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
 * @throws TypeError when the set is not one, is too large, or has no key of use
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

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
  const { issuer, store, now, random, keepForMs, refreshEveryMs } = options
  const unknown = createUnknownKeys(now)
  let keys: JwkSet | undefined
  let fetchedAt = -Infinity
  let dueAt = -Infinity
  let failuresInARow = 0
  let inFlight: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const counts = { fetches: 0, failures: 0 }

  await recover()
  schedule()

  async function recover(): Promise<void> {
    try {
      const kept = await store.read(issuer)
      if (kept === undefined || kept.fetchedAt > now()) return
      keys = parseJwkSet(kept.jwks)
      fetchedAt = kept.fetchedAt
    } catch (cause) {
      options.onStatus?.('none', cause)
    }
  }

  function refresh(): Promise<void> {
    inFlight ??= fetchNow().finally(() => (inFlight = undefined))
    return inFlight
  }

  async function fetchNow(): Promise<void> {
    counts.fetches += 1
    try {
      const text = await options.fetchJwks()
      keys = keepUnchanged(keys, parseJwkSet(text))
      fetchedAt = now()
      dueAt = now() + refreshEveryMs * (0.9 + 0.2 * random())
      if (failuresInARow > 0) options.onStatus?.('fresh')
      failuresInARow = 0
      await store.write({ issuer, jwks: text, fetchedAt }).catch((cause: unknown) => options.onStatus?.('fresh', cause))
    } catch (cause) {
      counts.failures += 1
      failuresInARow += 1
      const delayMs = Math.min(firstRetryMs * 2 ** (failuresInARow - 1), refreshEveryMs)
      dueAt = now() + delayMs * (0.9 + 0.2 * random())
      if (failuresInARow === 1) options.onStatus?.(statusNow(), cause)
    } finally {
      schedule()
    }
  }

  function schedule(): void {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(() => void refresh(), Math.max(0, dueAt - now()))
    timer.unref()
  }

  /** Timers follow the machine's clock; a busy gateway asks by the clock it was given. */
  function refreshIfDue(): void {
    if (now() >= dueAt && inFlight === undefined && !isClosed) void refresh()
  }

  function usable(): JwkSet | undefined {
    return now() - fetchedAt <= keepForMs ? keys : undefined
  }

  function statusNow(): JwksStatus['status'] {
    if (usable() === undefined) return 'none'
    return failuresInARow === 0 ? 'fresh' : 'stale'
  }

  return {
    recall(kid) {
      refreshIfDue()
      return usable()?.get(kid)
    },
    async find(kid) {
      // Without any key no token can be verified: a request may bring the next try forward, once in ten seconds.
      if (usable() === undefined && (now() >= dueAt || inFlight !== undefined || unknown.mayAsk())) await refresh()
      const known = usable()?.get(kid)
      if (known !== undefined) return known
      if (usable() === undefined) return 'unavailable'
      if (unknown.isKnownToBeUnknown(kid)) return 'unknown'
      if (inFlight === undefined && !unknown.mayAsk()) return 'unknown'
      await refresh()
      const found = usable()?.get(kid)
      // While the issuer does not answer, an id must not be remembered as unknown.
      if (found === undefined && failuresInARow === 0) unknown.remember(kid)
      return found ?? 'unknown'
    },
    refresh,
    status() {
      const set = usable()
      return { issuer, status: statusNow(), keys: set?.size ?? 0, ageMs: now() - fetchedAt, ...counts }
    },
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { BusEvents } from '../revocation/bus.ts'
import { upTo } from '../storage/memory-bound.ts'
import type { Session } from './session.ts'
import type { FoundSession } from './store.ts'

type CoherentCacheOptions = {
  events: EventEmitter<BusEvents>
  maxEntries: number
  /** How long entries from before the loss of Redis may still be used (`session.redis.outageGrace`). */
  outageGraceMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * A local copy of sessions in Redis, kept up to date by messages from other processes. Its keys are cookie values as
 * received, so that the hot path need not parse them.
 */
export class CoherentCache {
  readonly #outageGraceMs: number
  readonly #now: () => number
  /** By session id. */
  readonly #cookieValues = new Map<string, string>()
  readonly #entries: LRUCache<string, FoundSession>
  /** By session id: a token for the reads under way that began after the session's latest change. */
  readonly #readings = new Map<string, object>()
  #lostAt: number | undefined

  constructor({ events, maxEntries, outageGraceMs, now }: CoherentCacheOptions) {
    this.#outageGraceMs = outageGraceMs
    this.#now = now
    this.#entries = new LRUCache({
      ...upTo(maxEntries),
      dispose: ({ session }, _value, reason) => void (reason !== 'set' && this.#cookieValues.delete(session.id)),
    })
    events.on('changed', (session) => this.#follow(session))
    // Changes that came while the connection was lost were missed.
    events.on('lost', () => void (this.#lostAt ??= now()))
    events.on('connected', () => {
      this.#lostAt = undefined
      this.#readings.clear()
      this.clear()
    })
  }

  get size(): number {
    return this.#entries.size
  }

  clear(): void {
    this.#entries.clear()
  }

  get(cookieValue: string): FoundSession | undefined {
    if (this.#lostAt !== undefined && this.#now() - this.#lostAt > this.#outageGraceMs) this.clear()
    return this.#entries.get(cookieValue)
  }

  /** Runs `read` and caches its result, unless the session changes meanwhile: then the result may be out of date. */
  async keep(cookieValue: string, sessionId: string, read: () => Promise<FoundSession | undefined>) {
    const reading = this.#readings.get(sessionId) ?? {}
    this.#readings.set(sessionId, reading)
    const isUnchanged = (): boolean => this.#readings.get(sessionId) === reading
    try {
      const found = await read()
      if (found !== undefined && isUnchanged()) {
        this.#cookieValues.set(sessionId, cookieValue)
        this.#entries.set(cookieValue, found)
      }
      return found
    } finally {
      if (isUnchanged()) this.#readings.delete(sessionId)
    }
  }

  /** Changes the entry of a cookie value, if there is one. */
  amend(cookieValue: string, change: (found: FoundSession) => FoundSession): void {
    const known = this.#entries.peek(cookieValue)
    if (known !== undefined) this.#entries.set(cookieValue, change(known))
  }

  forget(sessionId: string): void {
    const cookieValue = this.#cookieValues.get(sessionId)
    if (cookieValue !== undefined) this.#entries.delete(cookieValue)
    this.#readings.delete(sessionId)
  }

  /** Takes over a use from another process. Drops an entry whose session was refreshed: only Redis has the new refresh token. */
  #follow({ id, usedAt, refreshedAt }: Session): void {
    const cookieValue = this.#cookieValues.get(id)
    const known = cookieValue === undefined ? undefined : this.#entries.peek(cookieValue)
    if (cookieValue === undefined || known?.session.refreshedAt !== refreshedAt) return this.forget(id)
    if (known.session.usedAt < usedAt) {
      this.#entries.set(cookieValue, { ...known, session: { ...known.session, usedAt } })
    }
  }
}

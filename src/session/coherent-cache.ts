import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { BusEvents } from '../revocation/bus.ts'
import type { Session } from './session.ts'
import type { FoundSession } from './store.ts'

export type CoherentCacheOptions = {
  events: EventEmitter<BusEvents>
  maxEntries: number
  /** How long what was known before Redis went away may still be used. */
  graceMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * A local copy of sessions in Redis that follows what other processes say of them. Each goes by the cookie value that
 * requests bring, so that the hot path need not take it apart.
 */
export type CoherentCache = {
  get(cookieValue: string): FoundSession | undefined
  forget(sessionId: string): void
  /** Does `read` and keeps its outcome, unless the session changes meanwhile: then its outcome may be out of date. */
  keep(
    cookieValue: string,
    sessionId: string,
    read: () => Promise<FoundSession | undefined>,
  ): Promise<FoundSession | undefined>
  /** Changes what goes by a cookie value, if it is known. */
  amend(cookieValue: string, change: (found: FoundSession) => FoundSession): void
  size(): number
  /** Forgets all, once another cache has taken its place. */
  close(): void
}

/** Reads under way, so that the outcome of one is not kept when its session changes meanwhile. */
class Readings {
  readonly #bySession = new Map<string, Set<{ isOutdated: boolean }>>()

  outdate(sessionId: string): void {
    for (const reading of this.#bySession.get(sessionId) ?? []) reading.isOutdated = true
  }

  outdateAll(): void {
    for (const sessionId of this.#bySession.keys()) this.outdate(sessionId)
  }

  /** @returns what was read, and whether the session changed meanwhile */
  async follow<T>(sessionId: string, read: () => Promise<T>): Promise<{ found: T; isOutdated: boolean }> {
    const reading = { isOutdated: false }
    const readings = this.#bySession.get(sessionId) ?? new Set()
    this.#bySession.set(sessionId, readings.add(reading))
    try {
      return { found: await read(), isOutdated: reading.isOutdated }
    } finally {
      readings.delete(reading)
      if (readings.size === 0) this.#bySession.delete(sessionId)
    }
  }
}

export function createCoherentCache({ events, maxEntries, graceMs, now }: CoherentCacheOptions): CoherentCache {
  const cookieValues = new Map<string, string>()
  const entries = new LRUCache<string, FoundSession>({
    max: maxEntries,
    dispose: ({ session }, _value, reason) => void (reason !== 'set' && cookieValues.delete(session.id)),
  })
  const readings = new Readings()
  let lostAt: number | undefined

  function forget(sessionId: string): void {
    const cookieValue = cookieValues.get(sessionId)
    if (cookieValue !== undefined) entries.delete(cookieValue)
    readings.outdate(sessionId)
  }

  /** A use is taken over as it is; fresh claims come with a refresh token, which only Redis has. */
  function follow({ id, usedAt, refreshedAt }: Session): void {
    const cookieValue = cookieValues.get(id)
    const known = cookieValue === undefined ? undefined : entries.peek(cookieValue)
    if (cookieValue === undefined || known === undefined || known.session.refreshedAt !== refreshedAt) return forget(id)
    if (known.session.usedAt >= usedAt) return
    entries.set(cookieValue, { ...known, session: { ...known.session, usedAt } })
  }

  events.on('changed', follow)
  // Changes were missed while the connection was away.
  events.on('lost', () => void (lostAt ??= now()))
  events.on('connected', () => {
    lostAt = undefined
    entries.clear()
    readings.outdateAll()
  })

  return {
    forget,
    size: () => entries.size,
    close: () => entries.clear(),

    get(cookieValue) {
      if (lostAt !== undefined && now() - lostAt > graceMs) entries.clear()
      return entries.get(cookieValue)
    },

    async keep(cookieValue, sessionId, read) {
      const { found, isOutdated } = await readings.follow(sessionId, read)
      if (found === undefined || isOutdated) return found
      cookieValues.set(sessionId, cookieValue)
      entries.set(cookieValue, found)
      return found
    },

    amend(cookieValue, change) {
      const known = entries.peek(cookieValue)
      if (known !== undefined) entries.set(cookieValue, change(known))
    },
  }
}

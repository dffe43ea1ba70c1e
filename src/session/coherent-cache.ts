import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { BusEvents } from '../revocation/bus.ts'
import { upTo } from '../storage/memory-bound.ts'
import type { Session } from './session.ts'
import type { FoundSession } from './store.ts'

export type CoherentCacheOptions = {
  events: EventEmitter<BusEvents>
  maxEntries: number
  /** How long entries from before the loss of Redis may still be used. */
  graceMs: number
  /** Milliseconds since the epoch. */
  now: () => number
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

export type CoherentCache = ReturnType<typeof createCoherentCache>

/**
 * A local copy of sessions in Redis, kept up to date by the news of other processes. Its keys are cookie values as requests
 * bring them, so that the hot path need not parse them.
 */
export function createCoherentCache({ events, maxEntries, graceMs, now }: CoherentCacheOptions) {
  const cookieValues = new Map<string, string>()
  const entries = new LRUCache<string, FoundSession>({
    ...upTo(maxEntries),
    dispose: ({ session }, _value, reason) => void (reason !== 'set' && cookieValues.delete(session.id)),
  })
  const readings = new Readings()
  let lostAt: number | undefined

  function forget(sessionId: string): void {
    const cookieValue = cookieValues.get(sessionId)
    if (cookieValue !== undefined) entries.delete(cookieValue)
    readings.outdate(sessionId)
  }

  /** Takes over a use. Fresh claims come with a refresh token, which only Redis has, so such an entry is dropped. */
  function follow({ id, usedAt, refreshedAt }: Session): void {
    const cookieValue = cookieValues.get(id)
    const known = cookieValue === undefined ? undefined : entries.peek(cookieValue)
    if (cookieValue === undefined || known === undefined || known.session.refreshedAt !== refreshedAt) return forget(id)
    if (known.session.usedAt >= usedAt) return
    entries.set(cookieValue, { ...known, session: { ...known.session, usedAt } })
  }

  events.on('changed', follow)
  // Changes during the loss of the connection were missed.
  events.on('lost', () => void (lostAt ??= now()))
  events.on('connected', () => {
    lostAt = undefined
    entries.clear()
    readings.outdateAll()
  })

  return {
    forget,
    size: () => entries.size,
    /** Forgets all, once another cache has taken its place. */
    close: () => entries.clear(),

    get(cookieValue: string): FoundSession | undefined {
      if (lostAt !== undefined && now() - lostAt > graceMs) entries.clear()
      return entries.get(cookieValue)
    },

    /** Runs `read` and keeps its result, unless the session changes meanwhile: then the result may be out of date. */
    async keep(cookieValue: string, sessionId: string, read: () => Promise<FoundSession | undefined>) {
      const { found, isOutdated } = await readings.follow(sessionId, read)
      if (found === undefined || isOutdated) return found
      cookieValues.set(sessionId, cookieValue)
      entries.set(cookieValue, found)
      return found
    },

    /** Changes the entry of a cookie value, if there is one. */
    amend(cookieValue: string, change: (found: FoundSession) => FoundSession): void {
      const known = entries.peek(cookieValue)
      if (known !== undefined) entries.set(cookieValue, change(known))
    },
  }
}

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
  forgetAll(): void
  /** Does `read` and keeps its outcome, unless the session changes meanwhile: then its outcome may be out of date. */
  keep(
    cookieValue: string,
    sessionId: string,
    read: () => Promise<FoundSession | undefined>,
  ): Promise<FoundSession | undefined>
  /** Changes what goes by a cookie value, if it is known. */
  amend(cookieValue: string, change: (found: FoundSession) => FoundSession): void
  size(): number
}

type Reading = { isOutdated: boolean }

export function createCoherentCache({ events, maxEntries, graceMs, now }: CoherentCacheOptions): CoherentCache {
  const cookieValues = new Map<string, string>()
  const entries = new LRUCache<string, FoundSession>({
    max: maxEntries,
    dispose: ({ session }, _value, reason) => void (reason !== 'set' && cookieValues.delete(session.id)),
  })
  const readings = new Map<string, Set<Reading>>()
  let lostAt: number | undefined

  const outdate = (sessionId: string): void =>
    readings.get(sessionId)?.forEach((reading) => (reading.isOutdated = true))

  function forget(sessionId: string): void {
    const cookieValue = cookieValues.get(sessionId)
    if (cookieValue !== undefined) entries.delete(cookieValue)
    outdate(sessionId)
  }

  function forgetAll(): void {
    entries.clear()
    for (const sessionId of readings.keys()) outdate(sessionId)
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
    forgetAll()
  })

  function begin(sessionId: string): Reading {
    const reading = { isOutdated: false }
    const others = readings.get(sessionId)
    if (others === undefined) readings.set(sessionId, new Set([reading]))
    else others.add(reading)
    return reading
  }

  function finish(sessionId: string, reading: Reading): void {
    const all = readings.get(sessionId)
    all?.delete(reading)
    if (all?.size === 0) readings.delete(sessionId)
  }

  return {
    forget,
    forgetAll,
    size: () => entries.size,

    get(cookieValue) {
      if (lostAt !== undefined && now() - lostAt > graceMs) entries.clear()
      return entries.get(cookieValue)
    },

    async keep(cookieValue, sessionId, read) {
      const reading = begin(sessionId)
      try {
        const found = await read()
        if (found === undefined || reading.isOutdated) return found
        cookieValues.set(sessionId, cookieValue)
        entries.set(cookieValue, found)
        return found
      } finally {
        finish(sessionId, reading)
      }
    },

    amend(cookieValue, change) {
      const known = entries.peek(cookieValue)
      if (known !== undefined) entries.set(cookieValue, change(known))
    },
  }
}

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
  /** By session: stands for the reads under way that began after its latest change. */
  const readings = new Map<string, object>()
  let lostAt: number | undefined

  function forget(sessionId: string): void {
    const cookieValue = cookieValues.get(sessionId)
    if (cookieValue !== undefined) entries.delete(cookieValue)
    readings.delete(sessionId)
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
    readings.clear()
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
      const reading = readings.get(sessionId) ?? {}
      readings.set(sessionId, reading)
      const isUnchanged = (): boolean => readings.get(sessionId) === reading
      try {
        const found = await read()
        if (found !== undefined && isUnchanged()) {
          cookieValues.set(sessionId, cookieValue)
          entries.set(cookieValue, found)
        }
        return found
      } finally {
        if (isUnchanged()) readings.delete(sessionId)
      }
    },

    /** Changes the entry of a cookie value, if there is one. */
    amend(cookieValue: string, change: (found: FoundSession) => FoundSession): void {
      const known = entries.peek(cookieValue)
      if (known !== undefined) entries.set(cookieValue, change(known))
    },
  }
}

import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { RedisEvents } from '../redis/redis.ts'

export type CoherentCacheOptions = {
  events: EventEmitter<RedisEvents>
  maxEntries: number
  /** How long what was known before Redis went away may still be used. */
  graceMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/** A local copy of entries in Redis that forgets what others change (client-side caching, `CLIENT TRACKING`). */
export type CoherentCache<Entry extends object> = {
  get(key: string): Entry | undefined
  forget(key: string): void
  /** Does `work` and keeps its outcome, unless others change the key meanwhile: then its outcome may be out of date. */
  keep<Outcome extends Entry | undefined>(key: string, work: () => Promise<Outcome>): Promise<Outcome>
  /** Changes what is known of a key, if it is known. */
  amend(key: string, change: (entry: Entry) => Entry): void
  size(): number
}

export function createCoherentCache<Entry extends object>(options: CoherentCacheOptions): CoherentCache<Entry> {
  const { events, maxEntries, graceMs, now } = options
  const entries = new LRUCache<string, Entry>({ max: maxEntries })
  const running = new Map<string, Set<{ isOutdated: boolean }>>()
  let lostAt: number | undefined

  const outdate = (key: string): void => running.get(key)?.forEach((work) => (work.isOutdated = true))
  function forget(key: string): void {
    entries.delete(key)
    outdate(key)
  }
  function forgetAll(): void {
    entries.clear()
    for (const key of running.keys()) outdate(key)
  }

  events.on('invalidated', (keys) => (keys === undefined ? forgetAll() : keys.forEach(forget)))
  // Nobody told us of changes while we were away.
  events.on('lost', () => void (lostAt ??= now()))
  events.on('ready', () => {
    lostAt = undefined
    forgetAll()
  })

  function begin(key: string): { isOutdated: boolean } {
    const work = { isOutdated: false }
    const others = running.get(key)
    if (others === undefined) running.set(key, new Set([work]))
    else others.add(work)
    return work
  }

  function finish(key: string, work: { isOutdated: boolean }): void {
    const all = running.get(key)
    all?.delete(work)
    if (all?.size === 0) running.delete(key)
  }

  return {
    forget,
    size: () => entries.size,

    get(key) {
      if (lostAt !== undefined && now() - lostAt > graceMs) entries.clear()
      return entries.get(key)
    },

    async keep(key, doWork) {
      const work = begin(key)
      try {
        const outcome = await doWork()
        if (outcome !== undefined && !work.isOutdated) entries.set(key, outcome)
        return outcome
      } finally {
        finish(key, work)
      }
    },

    amend(key, change) {
      const entry = entries.peek(key)
      if (entry !== undefined) entries.set(key, change(entry))
    },
  }
}

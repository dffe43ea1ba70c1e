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

/**
 * A local copy of entries in Redis that forgets what others change (client-side caching, `CLIENT TRACKING`). Each goes by
 * the name that requests bring, so that the hot path need not work out its key.
 */
export type CoherentCache<Entry extends object> = {
  get(name: string): Entry | undefined
  /** @param key in Redis */
  forget(key: string): void
  /** Does `work` and keeps its outcome, unless others change the key meanwhile: then its outcome may be out of date. */
  keep<Outcome extends Entry | undefined>(name: string, key: string, work: () => Promise<Outcome>): Promise<Outcome>
  /** Changes what goes by a name, if it is known. */
  amend(name: string, change: (entry: Entry) => Entry): void
  size(): number
}

type Known<Entry> = { key: string; entry: Entry }

export function createCoherentCache<Entry extends object>(options: CoherentCacheOptions): CoherentCache<Entry> {
  const { events, maxEntries, graceMs, now } = options
  const names = new Map<string, string>()
  const entries = new LRUCache<string, Known<Entry>>({
    max: maxEntries,
    dispose: ({ key }, _name, reason) => void (reason !== 'set' && names.delete(key)),
  })
  const running = new Map<string, Set<{ isOutdated: boolean }>>()
  let lostAt: number | undefined

  const outdate = (key: string): void => running.get(key)?.forEach((work) => (work.isOutdated = true))
  function forget(key: string): void {
    const name = names.get(key)
    if (name !== undefined) entries.delete(name)
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

    get(name) {
      if (lostAt !== undefined && now() - lostAt > graceMs) entries.clear()
      return entries.get(name)?.entry
    },

    async keep(name, key, doWork) {
      const work = begin(key)
      try {
        const entry = await doWork()
        if (entry === undefined || work.isOutdated) return entry
        names.set(key, name)
        entries.set(name, { key, entry })
        return entry
      } finally {
        finish(key, work)
      }
    },

    amend(name, change) {
      const known = entries.peek(name)
      if (known !== undefined) entries.set(name, { ...known, entry: change(known.entry) })
    },
  }
}

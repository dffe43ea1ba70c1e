// This folder: limits failed sign-ins and refused tokens.

import { hash } from 'node:crypto'

import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'

import type { Redis } from '../redis/redis.ts'
import { defineScript } from '../redis/scripts.ts'
import { upTo } from '../storage/memory-bound.ts'

/** Counts failures; with Redis, for all replicas together. */
export type Counter = {
  /** Adds one. The count expires at the end of the window; `ttlMs` is the rest of the window. */
  increment(key: string, windowMs: number): Promise<{ current: number; ttlMs: number }>
}

type Callback = Parameters<FastifyRateLimitStore['incr']>[1]

/** A store for @fastify/rate-limit that uses a counter which outlives the app. */
export function storeOn(counter: Counter): FastifyRateLimitStoreCtor {
  return class CounterStore implements FastifyRateLimitStore {
    incr(key: string, callback: Callback, windowMs: number): void {
      counter.increment(key, windowMs).then(
        ({ current, ttlMs }) => callback(null, { current, ttl: ttlMs }),
        (error: Error) => callback(error),
      )
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }
}

/** The most keys that are counted. Each takes about 100 bytes. */
const maxCounted = 10_000

/**
 * Counts in this process only.
 * @param now milliseconds since the epoch
 */
export function createLocalCounter(now: () => number): Counter {
  const counts = new LRUCache<string, { current: number; endsAt: number }>(upTo(maxCounted))
  return {
    async increment(key, windowMs) {
      const known = counts.get(key)
      // A window that ends later than one starting now was opened before the clock was set back.
      const isOpen = known !== undefined && known.endsAt > now() && known.endsAt <= now() + windowMs
      const counted = isOpen ? known : { current: 0, endsAt: now() + windowMs }
      counted.current += 1
      counts.set(key, counted)
      return { current: counted.current, ttlMs: counted.endsAt - now() }
    },
  }
}

// One script runs both commands; otherwise a crash could leave a counter that never expires.
const increment = defineScript(`
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }
`)

/** Counts in Redis, for all replicas together. Keys are hashed, so that Redis holds no addresses. */
export function redisCounter(redis: Pick<Redis, 'keys' | 'run'>): Counter {
  return {
    async increment(key, windowMs) {
      const name = redis.keys.named(`attempts:${hash('sha256', key, 'base64url')}`)
      const [current, ttlMs] = (await redis.run(increment, [name], [String(windowMs)])) as [number, number]
      return { current, ttlMs }
    },
  }
}

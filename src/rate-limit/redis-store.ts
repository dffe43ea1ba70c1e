import { createHash } from 'node:crypto'

import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'

import type { Redis } from '../redis/redis.ts'
import { defineScript } from '../redis/scripts.ts'

/** Counts for all replicas together, for example in Redis. */
export type SharedCounter = {
  /** Adds one, and forgets after the window; `ttlMs` is the rest of the window. */
  increment(key: string, windowMs: number): Promise<{ current: number; ttlMs: number }>
}

type Callback = Parameters<FastifyRateLimitStore['incr']>[1]

/** A store for @fastify/rate-limit on a counter that replicas share. */
export function sharedStore(counter: SharedCounter): FastifyRateLimitStoreCtor {
  return class SharedStore implements FastifyRateLimitStore {
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

// As a whole, or a counter could be left behind that never ends.
const increment = defineScript(`
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }
`)

/** Counts in Redis, so that all replicas count together. Names are hashed, so that Redis holds no addresses. */
export function redisCounter(redis: Pick<Redis, 'keys' | 'run'>): SharedCounter {
  return {
    async increment(key, windowMs) {
      const name = redis.keys.named(`attempts:${createHash('sha256').update(key).digest('base64url')}`)
      const [current, ttlMs] = (await redis.run(increment, [name], [String(windowMs)])) as [number, number]
      return { current, ttlMs }
    },
  }
}

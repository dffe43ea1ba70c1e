import { hash } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import type { Redis } from '../redis/redis.ts'
import { upTo } from '../storage/memory-bound.ts'

/** Makes sure that something happens only once, such as the use of a `jti` or the handling of an event; with Redis, in all replicas. */
export type SingleUse = {
  /**
   * @returns false when it was claimed before
   * @throws RedisUnavailable when Redis does not answer
   */
  claim(name: string, lifetimeMs: number): Promise<boolean>
  /** Releases a claim after a failure, so that it can be retried. */
  release(name: string): Promise<void>
}

const maxRemembered = 100_000

/** @param now milliseconds since the epoch */
export function createSingleUse(now: () => number, redis?: Redis): SingleUse {
  return redis === undefined ? createLocalSingleUse(now) : createSharedSingleUse(redis)
}

function createLocalSingleUse(now: () => number): SingleUse {
  const claimedUntil = new LRUCache<string, number>(upTo(maxRemembered))
  return {
    async claim(name, lifetimeMs) {
      if ((claimedUntil.peek(name) ?? 0) > now()) return false
      claimedUntil.set(name, now() + lifetimeMs)
      return true
    },
    async release(name) {
      claimedUntil.delete(name)
    },
  }
}

function createSharedSingleUse(redis: Redis): SingleUse {
  const keyOf = (name: string): string => redis.keys.named(`once:${hash('sha256', name, 'base64url')}`)
  return {
    claim: async (name, lifetimeMs) =>
      (await redis.send('SET', keyOf(name), '1', 'NX', 'PX', String(Math.ceil(lifetimeMs)))) === 'OK',
    async release(name) {
      // A claim that cannot be released expires.
      await redis.send('DEL', keyOf(name)).catch(() => undefined)
    },
  }
}

import { createHash } from 'node:crypto'

import type { Redis } from '../redis/redis.ts'
import { defineScript } from '../redis/script.ts'
import type { SharedCounter } from './shared-store.ts'

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

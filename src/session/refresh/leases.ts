import { setTimeout as delay } from 'node:timers/promises'

import type { Redis } from '../../redis/redis.ts'
import { defineScript } from '../../redis/scripts.ts'
import type { RandomBytes } from '../../seal/random.ts'
import type { Session } from '../session.ts'

/** The right to refresh one session, until it is released. */
export type Lease = {
  /** @param hasFailed whether the refresh failed; other processes then do not retry it for a while */
  release(hasFailed: boolean): Promise<void>
}

export type Claim =
  | { kind: 'granted'; lease: Lease }
  /** Another process is refreshing the session. `change` resolves when it is time to claim again. */
  | { kind: 'held'; change: Promise<void> }
  /** The refresh of another process failed a moment ago. */
  | { kind: 'failed' }
  /** The session has been changed by another process, or has ended. */
  | { kind: 'changed' }

/** Decides which of all processes refreshes a session. */
export type Leases = {
  /** @throws RedisUnavailable while Redis does not answer */
  claim(session: Session): Promise<Claim>
}

/** Grants every claim. For the cookie store, whose processes do not share sessions. */
export const soleLeases: Leases = {
  claim: async () => ({ kind: 'granted', lease: { release: async () => undefined } }),
}

/**
 * Grants the lease only if the stored revision is the caller's. The revision is the fencing token, which the store compares
 * again when the result is written. KEYS session, lease. ARGV owner, revision, lifetime in ms.
 */
const claimScript = defineScript(`
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then return 'changed' end
local holder = redis.call('GET', KEYS[2])
if holder == 'failed' then return 'failed' end
if holder then return 'held' end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
return 'granted'`)

/** KEYS lease. ARGV owner, lifetime in ms. */
const renewScript = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`)

/** KEYS lease. ARGV owner, how long other processes must not retry, in ms: 0 after a success. */
const releaseScript = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], 'failed', 'PX', ARGV[2])
return 1`)

export type RedisLeasesOptions = {
  redis: Redis
  randomBytes: RandomBytes
  /** A lease expires after this time unless its holder renews it. A live holder does so, however slow Auth0 is. */
  lifetimeMs?: number
  renewEveryMs?: number
  failureBackoffMs?: number
  /** How long to wait after Redis is back, so that processes can first write the refreshes that they could not write. */
  settleMs?: number
}

/** Auth0 takes a few hundred milliseconds for a refresh. */
const askAgainMs = 100

/** Leases in Redis, so that only one of all replicas refreshes a session. */
export function createRedisLeases(options: RedisLeasesOptions): Leases {
  const { redis, randomBytes, lifetimeMs = 10_000, failureBackoffMs = 5_000, settleMs = 1_000 } = options
  const { renewEveryMs = lifetimeMs / 3 } = options
  let wasLost = false
  let settledAt = 0
  redis.events.on('lost', () => void (wasLost = true))
  redis.events.on('ready', () => {
    if (wasLost) settledAt = performance.now() + settleMs
    wasLost = false
  })

  function granted(key: string, owner: string): Lease {
    const renewal = setInterval(() => {
      // The next interval retries a failed renewal. If the lease expires, the fencing token rejects the outdated write.
      redis.run(renewScript, [key], [owner, String(lifetimeMs)]).catch(() => undefined)
    }, renewEveryMs)
    renewal.unref()
    return {
      async release(hasFailed) {
        clearInterval(renewal)
        const backoffMs = hasFailed ? failureBackoffMs : 0
        await redis.run(releaseScript, [key], [owner, String(backoffMs)]).catch(() => undefined)
      },
    }
  }

  return {
    async claim(session: Session): Promise<Claim> {
      const change = () => delay(askAgainMs, undefined, { ref: false })
      if (performance.now() < settledAt) return { kind: 'held', change: change() }
      const key = redis.keys.lease(session.id)
      const owner = randomBytes(16).toString('base64url')
      const args = [owner, String(session.refreshedAt), String(lifetimeMs)]
      const answer = await redis.run(claimScript, [redis.keys.session(session.id), key], args)
      if (answer === 'granted') return { kind: 'granted', lease: granted(key, owner) }
      if (answer === 'held') return { kind: 'held', change: change() }
      return { kind: answer === 'failed' ? 'failed' : 'changed' }
    },
  }
}

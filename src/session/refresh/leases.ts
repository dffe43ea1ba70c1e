import { setTimeout as delay } from 'node:timers/promises'

import type { Redis } from '../../redis/redis.ts'
import { defineScript } from '../../redis/scripts.ts'
import type { RandomBytes } from '../../seal/random.ts'
import type { Session } from '../session.ts'

/** The right to refresh one session, for as long as it is kept. */
export type Lease = {
  /** @param hasFailed others then leave the session alone for a while, too */
  release(hasFailed: boolean): Promise<void>
}

export type Claim =
  | { kind: 'granted'; lease: Lease }
  /** Another process is refreshing it: `change` resolves when it is time to ask again. */
  | { kind: 'held'; change: Promise<void> }
  /** Another process failed a moment ago. */
  | { kind: 'failed' }
  /** Another revision of the session is there already, or it has ended. */
  | { kind: 'changed' }

/** Decides which of all processes refreshes a session. */
export type Leases = {
  /** @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE, or as Redis fails, when it cannot be decided */
  claim(session: Session): Promise<Claim>
}

/** Grants every claim: for a process that shares its sessions with no other, as with the cookie store. */
export const soleLeases: Leases = {
  claim: async () => ({ kind: 'granted', lease: { release: async () => undefined } }),
}

/**
 * Grants the lease only for the revision that the session is of: that number is the fencing token, which the store
 * compares when the outcome is written. KEYS session, lease. ARGV owner, revision, lifetime in ms.
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

/** KEYS lease. ARGV owner, how long others keep off in ms: 0 after a success. */
const releaseScript = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], 'failed', 'PX', ARGV[2])
return 1`)

export type RedisLeasesOptions = {
  redis: Redis
  randomBytes: RandomBytes
  /** A lease ends after this time, unless its holder renews it: a live one does, however slow Auth0 is. */
  lifetimeMs?: number
  renewEveryMs?: number
  failureBackoffMs?: number
  /** Wait after Redis is back, so that processes with an unwritten refresh can write it first. */
  settleMs?: number
}

/** A refresh takes Auth0 some hundred milliseconds. */
const askAgainMs = 100

/** Leases in Redis, so that of all replicas one refreshes. */
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
      // A renewal that fails is tried again; the fencing token guards what follows.
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

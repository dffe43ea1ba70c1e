import { setTimeout as delay } from 'node:timers/promises'

import type { Redis } from '../redis/redis.ts'
import { RedisUnavailable } from '../redis/replies.ts'
import { defineScript, releaseScript } from '../redis/scripts.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { Sealer } from '../seal/sealer.ts'
import { isKeyRing, type KeyStore } from './key-store.ts'

/** Writes the ring only while this process holds the lock. KEYS: ring, lock. ARGV: owner, sealed ring. */
const writeScript = defineScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`)

/** KEYS: the ring. ARGV: its expected value, its new value. */
const resealScript = defineScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end
return 1`)

export type RedisKeyStoreOptions = {
  redis: Redis
  sealer: Sealer
  /** Separates the rings of different purposes. */
  name: string
  randomBytes: RandomBytes
  /** Lifetime of the lock. If a process dies while it holds the lock, another can acquire it after this time. */
  lockMs?: number
  /** How often the ring is read anyway, in case a message was lost. */
  readEveryMs?: number
}

const askForLockEveryMs = 50

/** Keeps one key ring for all processes that share a Redis. It is sealed with the session secrets and written under a lock. */
export function createRedisKeyStore(options: RedisKeyStoreOptions): KeyStore {
  const { redis, sealer, name, randomBytes, lockMs = 10_000, readEveryMs = 15_000 } = options
  const key = redis.keys.named(`keys:${name}`)
  const lock = redis.keys.named(`keys:${name}:lock`)
  const owner = randomBytes(16).toString('base64url')

  async function acquire(): Promise<void> {
    const endsAt = performance.now() + 3 * lockMs
    while ((await redis.send('SET', lock, owner, 'NX', 'PX', String(lockMs))) !== 'OK') {
      if (performance.now() > endsAt) throw new RedisUnavailable('another process holds the lock of the signing keys')
      await delay(askForLockEveryMs, undefined, { ref: false })
    }
  }

  return {
    async read() {
      const sealed = await redis.send('GET', key)
      if (typeof sealed !== 'string') return undefined
      const opened = await sealer.open(sealed)
      if (opened === undefined || !isKeyRing(opened.payload)) {
        throw new TypeError(`none of session.secrets opens ${key} in Redis; delete that key to have new ones made`)
      }
      if (opened.isOldKey) await redis.run(resealScript, [key], [sealed, await sealer.seal(opened.payload)])
      return opened.payload
    },

    async write(ring) {
      const isWritten = await redis.run(writeScript, [key, lock], [owner, await sealer.seal(ring)])
      if (isWritten !== 1) throw new RedisUnavailable('the lock of the signing keys ran out before they were written')
      await redis.publish('keys', name)
    },

    shared: {
      publishAheadMs: 4 * readEveryMs,
      async alone(work) {
        await acquire()
        try {
          return await work()
        } finally {
          await redis.run(releaseScript, [lock], [owner]).catch(() => undefined)
        }
      },
      onChange(listener) {
        const onMessage = (topic: string, text: string): void => void (topic === 'keys' && text === name && listener())
        redis.events.on('message', onMessage)
        redis.events.on('ready', listener)
        const timer = setInterval(listener, readEveryMs).unref()
        return () => {
          redis.events.off('message', onMessage)
          redis.events.off('ready', listener)
          clearInterval(timer)
        }
      },
    },
  }
}

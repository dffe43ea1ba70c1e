import type { Redis } from '../redis/redis.ts'
import { RedisUnavailable } from '../redis/replies.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { CoherentCache } from './coherent-cache.ts'
import type { OwedWrites } from './owed-writes.ts'
import type { RecordSealer } from './record-sealer.ts'
import { newReference, parseReference, type SessionReference } from './record-sealer.ts'
import { createScript, endScript, readFields, replaceScript, touchScript } from './redis-scripts.ts'
import { absoluteExpiryOf, expiryOf, type Session, type SessionLimits } from './session.ts'
import {
  type EndedSessions,
  type FoundSession,
  type KnownSession,
  type SessionStore,
  storeUnavailable,
} from './store.ts'

export type RedisStoreDependencies = {
  redis: Redis
  sealer: RecordSealer
  cache: CoherentCache
  owed: OwedWrites
  ended: EndedSessions
  limits: SessionLimits
  randomBytes: RandomBytes
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Keeps sessions in Redis; the browser holds a reference. What this process has seen is found without a round trip. */
export function createRedisStore(dependencies: RedisStoreDependencies): SessionStore {
  const { redis, sealer, cache, owed, ended, limits, randomBytes, now } = dependencies
  const keyOf = ({ sessionId }: SessionReference): string => redis.keys.session(sessionId)

  async function create(session: Session): Promise<string> {
    const cookieValue = newReference(session.id, randomBytes)
    const reference = referenceIn(cookieValue)
    const times = [session.usedAt, absoluteExpiryOf(session, limits), expiryOf(session, limits), now()].map(String)
    const record = sealer.seal(session, reference)
    await redis.run(createScript, keysOf(session), [record, String(session.refreshedAt), ...times])
    return cookieValue
  }

  function keysOf({ id, issuer, subject, providerSessionId }: Session): string[] {
    const keys = [redis.keys.session(id), redis.keys.bySub(issuer, subject)]
    return providerSessionId === undefined ? keys : [...keys, redis.keys.bySid(issuer, providerSessionId)]
  }

  /** @returns whether it was written; false when the session has ended or was changed by another process */
  async function replace(session: Session, known: KnownSession): Promise<boolean> {
    const reference = referenceIn(known.value)
    const revisions = [String(known.session.refreshedAt), String(session.refreshedAt)]
    const args = [sealer.seal(session, reference), ...revisions, ...useOf(session)]
    const answer = await redis.run(replaceScript, [keyOf(reference)], args)
    cache.forget(session.id)
    return answer === 1
  }

  const useOf = (session: Session): string[] =>
    [session.usedAt, limits.idleTimeoutMs, absoluteExpiryOf(session, limits)].map(String)

  async function noteUse({ session, value }: KnownSession, isStale: boolean): Promise<void> {
    const key = redis.keys.session(session.id)
    const isThere = isStale
      ? await replace(session, { session, value })
      : (await redis.run(touchScript, [key], useOf(session))) === 1
    if (!isThere) cache.forget(session.id)
  }

  async function read(reference: SessionReference): Promise<FoundSession | undefined> {
    const reply = await redis.send('HMGET', keyOf(reference), ...readFields)
    const [record, , usedAt] = reply as (string | null)[]
    const opened = record ? sealer.open(record, reference) : undefined
    if (opened === undefined) return undefined
    return { session: { ...opened.session, usedAt: Number(usedAt) }, isStale: opened.isStale }
  }

  return {
    keepsWithoutBrowser: true,

    recall(cookieValue) {
      const known = cache.get(cookieValue)
      return known === undefined || ended.has(known.session.id) ? undefined : known
    },

    async find(cookieValue) {
      const reference = parseReference(cookieValue)
      if (reference === undefined || ended.has(reference.sessionId)) return undefined
      const key = keyOf(reference)
      await owed.settle(key)
      return orUnavailable(cache.keep(cookieValue, reference.sessionId, () => read(reference)))
    },

    async save(session, known) {
      if (known === undefined) return orUnavailable(create(session))
      try {
        return (await replace(session, known)) ? known.value : undefined
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) throw error
        // What a refresh brought is worth too much to lose: the old refresh token is dead.
        const key = redis.keys.session(session.id)
        owed.owe(key, () => replace(session, known))
        cache.amend(known.value, (entry) => ({ ...entry, session }))
        return known.value
      }
    },

    async touch({ session, value }) {
      const isStale = cache.get(value)?.isStale === true
      cache.amend(value, ({ session: known }) => ({ isStale: false, session: { ...known, usedAt: session.usedAt } }))
      // In the background. What Redis does not take now is written when it does, or the session would expire there.
      const write = () => noteUse({ session, value }, isStale)
      write().catch((error: unknown) => {
        if (error instanceof RedisUnavailable) owed.owe(`use of ${session.id}`, write)
      })
      return value
    },

    async end(session) {
      // Redis gets it below, so this call does not wait for Redis.
      void ended.add(session)
      const key = redis.keys.session(session.id)
      cache.forget(session.id)
      const remove = () => redis.run(endScript, [key], [])
      await orUnavailable(remove()).catch((error: unknown) => {
        owed.owe(key, remove)
        throw error
      })
    },
  }
}

function referenceIn(cookieValue: string): SessionReference {
  const reference = parseReference(cookieValue)
  if (reference === undefined) throw new TypeError('not a reference to a session')
  return reference
}

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof RedisUnavailable)) throw cause
    throw storeUnavailable(cause)
  }
}

import { GatewayError } from '../errors/gateway-error.ts'
import type { Redis } from '../redis/redis.ts'
import { RedisUnavailable } from '../redis/unavailable.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { CoherentCache } from './coherent-cache.ts'
import type { EndedSessions } from './ended-sessions.ts'
import type { OwedWrites } from './owed-writes.ts'
import type { RecordSealer } from './record-sealer.ts'
import { createScript, endScript, readFields, replaceScript, touchScript } from './redis-scripts.ts'
import { newReference, parseReference, type SessionReference } from './session-reference.ts'
import { absoluteExpiryOf, expiryOf, type Session, type SessionLimits } from './session.ts'
import type { FoundSession, KnownSession, SessionStore } from './store.ts'

export type RedisStoreDependencies = {
  redis: Redis
  sealer: RecordSealer
  cache: CoherentCache<FoundSession>
  owed: OwedWrites
  ended: EndedSessions
  limits: SessionLimits
  randomBytes: RandomBytes
  /** Milliseconds since the epoch. */
  now: () => number
}

const retryAfterSeconds = '5'

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

  /** @returns whether it was written; false when the session has ended or was changed by somebody else */
  async function replace(session: Session, known: KnownSession): Promise<boolean> {
    const reference = referenceIn(known.value)
    const revisions = [String(known.session.refreshedAt), String(session.refreshedAt)]
    const args = [sealer.seal(session, reference), ...revisions, ...useOf(session)]
    const answer = await redis.run(replaceScript, [keyOf(reference)], args)
    cache.forget(keyOf(reference))
    return answer === 1
  }

  const useOf = (session: Session): string[] =>
    [session.usedAt, limits.idleTimeoutMs, absoluteExpiryOf(session, limits)].map(String)

  async function noteUse({ session, value }: KnownSession, isStale: boolean): Promise<void> {
    const key = redis.keys.session(session.id)
    const isThere = isStale
      ? await replace(session, { session, value })
      : (await redis.run(touchScript, [key], useOf(session))) === 1
    if (!isThere) cache.forget(key)
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
      return orUnavailable(cache.keep(cookieValue, key, () => read(reference)))
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
      // Nobody waits: if it fails, the next use after a tenth of the idle timeout tries again.
      noteUse({ session, value }, isStale).catch(() => undefined)
      return value
    },

    async end(session) {
      // Redis itself is told below; nobody waits for it twice.
      void ended.add(session)
      const key = redis.keys.session(session.id)
      cache.forget(key)
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
    const headers = { 'retry-after': retryAfterSeconds }
    throw new GatewayError('STAGEDOOR_SESSION_STORE_UNAVAILABLE', { cause, headers })
  }
}

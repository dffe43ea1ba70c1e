import type { Redis } from '../redis/redis.ts'
import { RedisUnavailable } from '../redis/replies.ts'
import { defineScript } from '../redis/scripts.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { CoherentCache } from './coherent-cache.ts'
import type { OwedWrites } from './owed-writes.ts'
import { type RecordSealer, newReference, parseReference, type SessionReference } from './record-sealer.ts'
import { absoluteExpiryOf, expiryOf, type Session, type SessionLimits } from './session.ts'
import {
  type EndedSessions,
  type FoundSession,
  type KnownSession,
  type SessionStore,
  storeUnavailable,
} from './store.ts'

/** Fields of a session's hash that tell its state without opening it; `src/redis/keys.ts` has them all. */
export const readFields = ['record', 'revision', 'usedAt'] as const

/**
 * Writes a new session and names it in its indexes; members whose sessions have expired are swept out.
 * KEYS session, index by user, [index by `sid`]. ARGV record, revision, usedAt, endsAt, expiresAt, now (all ms).
 */
export const createScript = defineScript(`
redis.call('HSET', KEYS[1], 'record', ARGV[1], 'revision', ARGV[2], 'usedAt', ARGV[3], 'endsAt', ARGV[4],
  'subIndex', KEYS[2], 'sidIndex', KEYS[3] or '')
redis.call('PEXPIREAT', KEYS[1], ARGV[5])
for i = 2, #KEYS do
  for _, member in ipairs(redis.call('SMEMBERS', KEYS[i])) do
    if redis.call('EXISTS', member) == 0 then redis.call('SREM', KEYS[i], member) end
  end
  redis.call('SADD', KEYS[i], KEYS[1])
  if redis.call('PTTL', KEYS[i]) < ARGV[4] - ARGV[6] then redis.call('PEXPIREAT', KEYS[i], ARGV[4]) end
end
return 1`)

const noteUse = `
local function noteUse(key, usedAt, idleMs, endsAt)
  local latest = math.max(tonumber(usedAt), tonumber(redis.call('HGET', key, 'usedAt')))
  redis.call('HSET', key, 'usedAt', string.format('%.0f', latest), 'endsAt', endsAt)
  redis.call('PEXPIREAT', key, string.format('%.0f', math.min(latest + idleMs, tonumber(endsAt))))
end`

/**
 * Replaces the record, if it is still of the revision it was made from: the revision is the fencing token that keeps
 * out a process that was overtaken. 0: the session has ended; -1: another revision is stored.
 * KEYS session. ARGV record, revision it replaces, new revision, usedAt, idle timeout, endsAt (ms).
 */
export const replaceScript = defineScript(`${noteUse}
local revision = redis.call('HGET', KEYS[1], 'revision')
if not revision then return 0 end
if revision ~= ARGV[2] then return -1 end
redis.call('HSET', KEYS[1], 'record', ARGV[1], 'revision', ARGV[3])
noteUse(KEYS[1], ARGV[4], ARGV[5], ARGV[6])
return 1`)

/** Notes a use. 0: the session has ended. KEYS session. ARGV usedAt, idle timeout, endsAt (ms). */
export const touchScript = defineScript(`${noteUse}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
noteUse(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
return 1`)

/** Ends a session and takes it out of its indexes; 0 when there was none. KEYS session. */
export const endScript = defineScript(`
local indexes = redis.call('HMGET', KEYS[1], 'subIndex', 'sidIndex')
for i = 1, 2 do
  if indexes[i] and indexes[i] ~= '' then redis.call('SREM', indexes[i], KEYS[1]) end
end
return redis.call('UNLINK', KEYS[1])`)

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

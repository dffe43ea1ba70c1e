import type { Redis } from '../redis/redis.ts'
import { defineScript } from '../redis/scripts.ts'
import type { RandomBytes } from '../seal/random.ts'
import { newReference, parseReference, type RecordSealer, type SessionReference } from './record-sealer.ts'
import { absoluteExpiryOf, expiryOf, type Session, type SessionLimits } from './session.ts'
import type { FoundSession, KnownSession } from './store.ts'

/** The fields of a session's hash that are read to find a session; `src/redis/keys.ts` lists all fields. */
const readFields = ['record', 'revision', 'usedAt'] as const

/**
 * Writes a new session and adds it to its indexes. Removes index members whose sessions have expired.
 * KEYS session, index by user, [index by `sid`]. ARGV record, revision, usedAt, endsAt, expiresAt, now (all ms).
 */
const createScript = defineScript(`
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
 * Replaces the record, if the stored revision is still the expected one. The revision is the fencing token: it rejects the
 * write of a process that another one has overtaken. 0: the session has ended; -1: another revision is stored.
 * KEYS session. ARGV record, revision it replaces, new revision, usedAt, idle timeout, endsAt (ms).
 */
const replaceScript = defineScript(`${noteUse}
local revision = redis.call('HGET', KEYS[1], 'revision')
if not revision then return 0 end
if revision ~= ARGV[2] then return -1 end
redis.call('HSET', KEYS[1], 'record', ARGV[1], 'revision', ARGV[3])
noteUse(KEYS[1], ARGV[4], ARGV[5], ARGV[6])
return 1`)

/** Notes a use. 0: the session has ended. KEYS session. ARGV usedAt, idle timeout, endsAt (ms). */
const touchScript = defineScript(`${noteUse}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
noteUse(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
return 1`)

/** Deletes a session and removes it from its indexes; 0 when there was none. KEYS session. */
const endScript = defineScript(`
local indexes = redis.call('HMGET', KEYS[1], 'subIndex', 'sidIndex')
for i = 1, 2 do
  if indexes[i] and indexes[i] ~= '' then redis.call('SREM', indexes[i], KEYS[1]) end
end
return redis.call('UNLINK', KEYS[1])`)

export type RedisRecordsDependencies = {
  redis: Redis
  sealer: RecordSealer
  limits: SessionLimits
  randomBytes: RandomBytes
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Sealed sessions in Redis. Each change is one command. All methods reject with RedisUnavailable while Redis does not answer. */
export class RedisRecords {
  readonly #dependencies: RedisRecordsDependencies

  constructor(dependencies: RedisRecordsDependencies) {
    this.#dependencies = dependencies
  }

  keyOf(sessionId: string): string {
    return this.#dependencies.redis.keys.session(sessionId)
  }

  /** @returns the cookie value that opens the record */
  async create(session: Session): Promise<string> {
    const { redis, sealer, limits, randomBytes, now } = this.#dependencies
    const { id, issuer, subject, providerSessionId: sid } = session
    const cookieValue = newReference(id, randomBytes)
    const record = await sealer.seal(session, referenceIn(cookieValue))
    const keys = [this.keyOf(id), redis.keys.bySub(issuer, subject)]
    if (sid !== undefined) keys.push(redis.keys.bySid(issuer, sid))
    const times = [session.usedAt, absoluteExpiryOf(session, limits), expiryOf(session, limits), now()].map(String)
    await redis.run(createScript, keys, [record, String(session.refreshedAt), ...times])
    return cookieValue
  }

  /** @returns false when the session has ended or was changed by another process */
  async replace(session: Session, known: KnownSession): Promise<boolean> {
    const { redis, sealer } = this.#dependencies
    const reference = referenceIn(known.value)
    const revisions = [String(known.session.refreshedAt), String(session.refreshedAt)]
    const args = [await sealer.seal(session, reference), ...revisions, ...this.#useOf(session)]
    return (await redis.run(replaceScript, [this.keyOf(reference.sessionId)], args)) === 1
  }

  /** Notes a use. @returns false when the session has ended */
  async touch(session: Session): Promise<boolean> {
    const { redis } = this.#dependencies
    return (await redis.run(touchScript, [this.keyOf(session.id)], this.#useOf(session))) === 1
  }

  async read(reference: SessionReference): Promise<FoundSession | undefined> {
    const { redis, sealer } = this.#dependencies
    const reply = await redis.send('HMGET', this.keyOf(reference.sessionId), ...readFields)
    const [record, , usedAt] = reply as (string | null)[]
    const opened = record ? await sealer.open(record, reference) : undefined
    if (opened === undefined) return undefined
    return { session: { ...opened.session, usedAt: Number(usedAt) }, needsRewrite: opened.needsRewrite }
  }

  async remove(sessionId: string): Promise<void> {
    await this.#dependencies.redis.run(endScript, [this.keyOf(sessionId)], [])
  }

  #useOf(session: Session): string[] {
    const { limits } = this.#dependencies
    return [session.usedAt, limits.idleTimeoutMs, absoluteExpiryOf(session, limits)].map(String)
  }
}

function referenceIn(cookieValue: string): SessionReference {
  const reference = parseReference(cookieValue)
  if (reference === undefined) throw new TypeError('not a reference to a session')
  return reference
}

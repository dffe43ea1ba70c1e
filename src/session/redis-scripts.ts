import { defineScript } from '../redis/script.ts'

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

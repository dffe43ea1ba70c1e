import type { Redis } from '../redis/redis.ts'
import { defineScript } from '../redis/script.ts'
import { formatMark, type Mark, parseMark } from './mark.ts'

/** Marks in Redis, which all replicas read and hear of. */
export type SharedMarks = {
  /** Resolves when they are stored and told. @throws RedisUnavailable */
  write(marks: readonly Mark[]): Promise<void>
  /** @throws RedisUnavailable */
  readAll(): Promise<Mark[]>
}

/** One write carries at most so many, so that Redis is not held up. */
const batchSize = 500

/**
 * Stores marks and tells everybody, in one go: who connects after it reads them, who was connected hears of them.
 * KEYS marks. ARGV channel, now, then a score (until, ms) and a mark in turn.
 */
const writeScript = defineScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local last = tonumber(redis.call('PEXPIRETIME', KEYS[1]))
for i = 3, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'GT', ARGV[i], ARGV[i + 1])
  last = math.max(last, tonumber(ARGV[i]))
  redis.call('PUBLISH', ARGV[1], ARGV[i] .. ' ' .. ARGV[i + 1])
end
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
return 1`)

/**
 * @param now milliseconds since the epoch
 * @param onMark told of every mark that anybody writes, ourselves included
 * @param onGap told when marks may have been missed, because the connection was lost and is back
 */
export function createSharedMarks(
  redis: Pick<Redis, 'keys' | 'subscribe' | 'run' | 'send'>,
  now: () => number,
  onMark: (mark: Mark) => void,
  onGap: () => void,
): SharedMarks {
  const key = redis.keys.named('marks')
  const channel = redis.keys.named('marks')
  const hear = (message: string): void => {
    const at = message.indexOf(' ')
    const mark = parseMark(message.slice(at + 1), Number(message.slice(0, at)))
    if (mark !== undefined) onMark(mark)
  }
  redis.subscribe(channel, hear, onGap)

  return {
    async write(marks) {
      for (let i = 0; i < marks.length; i += batchSize) {
        const pairs = marks.slice(i, i + batchSize).flatMap((mark) => [String(mark.until), formatMark(mark)])
        await redis.run(writeScript, [key], [channel, String(now()), ...pairs])
      }
    },
    async readAll() {
      const reply = await redis.send('ZRANGE', key, String(now()), '+inf', 'BYSCORE', 'WITHSCORES')
      return marksIn(reply)
    },
  }
}

/** RESP3 gives pairs of member and score. */
function marksIn(reply: unknown): Mark[] {
  if (!Array.isArray(reply)) return []
  return reply.flatMap((pair: unknown) => {
    const [text, until] = Array.isArray(pair) ? pair : []
    return parseMark(String(text), Number(until)) ?? []
  })
}

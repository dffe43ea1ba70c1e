// This folder: which sessions have ended before their time.

import { EventEmitter } from 'node:events'

import type { Redis } from '../redis/redis.ts'
import { defineScript } from '../redis/scripts.ts'
import type { Sealer } from '../seal/sealer.ts'
import type { Session } from '../session/session.ts'
import { formatMark, type Mark, parseMark } from './mark.ts'

export type BusEvents = {
  /** A process, possibly this one, made a mark. */
  ended: [mark: Mark]
  /** A process, possibly this one, started, used or refreshed a session. It comes without its refresh token. */
  changed: [session: Session]
  /** Messages arrive from now on; earlier ones may have been missed. */
  connected: []
  lost: []
}

/** Notifies processes when sessions end or change in other processes. It is the only channel for these messages. */
export type SessionBus = {
  events: EventEmitter<BusEvents>
  /** Stores marks for processes that start later, and sends them to all others. @throws RedisUnavailable */
  end(marks: readonly Mark[]): Promise<void>
  /** All stored marks. @throws RedisUnavailable */
  endings(): Promise<Mark[]>
  /** Sends the newest state of a session. A process that misses it closes connections a little early; clients connect again. */
  change(session: Session): void
  isConnected(): boolean
}

/** A bus for a process that shares its sessions with no other. */
export function createLocalBus(): SessionBus {
  const events = new EventEmitter<BusEvents>()
  return {
    events,
    end: async () => undefined,
    endings: async () => [],
    change: (session) => void events.emit('changed', withoutTokens(session)),
    isConnected: () => true,
  }
}

/** Most marks in one write, so that it does not block Redis. */
const batchSize = 500

/**
 * Stores and publishes marks atomically: a connected process gets the message, and one that connects later reads the stored marks.
 * KEYS marks. ARGV channel, now, then for each mark its score (until, ms) and its text.
 */
const endScript = defineScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local last = tonumber(redis.call('PEXPIRETIME', KEYS[1]))
for i = 3, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'GT', ARGV[i], ARGV[i + 1])
  last = math.max(last, tonumber(ARGV[i]))
  redis.call('PUBLISH', ARGV[1], 'ended ' .. ARGV[i] .. ' ' .. ARGV[i + 1])
end
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
return 1`)

type BusRedis = Pick<Redis, 'keys' | 'channel' | 'events' | 'run' | 'send' | 'publish' | 'isReady'>

/**
 * A bus through Redis, to every process that shares it. Changed sessions are sealed, so Redis sees neither claims nor ids.
 * @param now milliseconds since the epoch
 */
export function createRedisBus(redis: BusRedis, sealer: Sealer, now: () => number): SessionBus {
  const events = new EventEmitter<BusEvents>()
  const key = redis.keys.named('marks')
  redis.events.on('message', (topic, text) => {
    if (topic === 'ended') takeEnding(text)
    if (topic === 'changed') void takeChange(text)
  })
  redis.events.on('ready', () => events.emit('connected'))
  redis.events.on('lost', () => events.emit('lost'))

  function takeEnding(text: string): void {
    const at = text.indexOf(' ')
    const mark = parseMark(text.slice(at + 1), Number(text.slice(0, at)))
    if (mark !== undefined) events.emit('ended', mark)
  }

  async function takeChange(text: string): Promise<void> {
    const content = await sealer.open(text)
    if (content !== undefined) events.emit('changed', content.payload as Session)
  }

  async function publishChange(session: Session): Promise<void> {
    await redis.publish('changed', await sealer.seal(session))
  }

  return {
    events,
    isConnected: () => redis.isReady(),
    async end(marks) {
      for (let i = 0; i < marks.length; i += batchSize) {
        const pairs = marks.slice(i, i + batchSize).flatMap((mark) => [String(mark.until), formatMark(mark)])
        await redis.run(endScript, [key], [redis.channel, String(now()), ...pairs])
      }
    },
    async endings() {
      return marksIn(await redis.send('ZRANGE', key, String(now()), '+inf', 'BYSCORE', 'WITHSCORES'))
    },
    change(session) {
      const news = withoutTokens(session)
      events.emit('changed', news)
      publishChange(news).catch(() => undefined)
    },
  }
}

/** RESP3 returns pairs of member and score. */
function marksIn(reply: unknown): Mark[] {
  if (!Array.isArray(reply)) return []
  return reply.flatMap((pair: unknown) => {
    const [text, until] = Array.isArray(pair) ? pair : []
    return parseMark(String(text), Number(until)) ?? []
  })
}

/** A session without its refresh token, which gives access to the login service. */
export function withoutTokens({ refreshToken: _, ...session }: Session): Session {
  return session
}

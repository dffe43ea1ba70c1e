import { EventEmitter } from 'node:events'

import t from 'tap'

import { createRedisKeys, plainPrefix } from '../../src/redis/keys.ts'
import type { RedisEvents } from '../../src/redis/redis.ts'
import { createLocalBus, createRedisBus } from '../../src/revocation/bus.ts'
import { formatMark, type Mark, markOf } from '../../src/revocation/mark.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import type { Session } from '../../src/session/session.ts'
import { sessionOf } from '../support/sessions.ts'

const until = 2_000
const mark = markOf({ sessionId: 'ref' }, until)
const sealer = createSealer(['a secret for tests, at least 32 characters'], 'session-news')

/** A bus over a Redis that answers every command with `reply`. */
function busOver(reply?: unknown) {
  const heard: Mark[] = []
  const writes: (readonly string[])[] = []
  const published: [string, string][] = []
  const events = new EventEmitter<RedisEvents>()
  const redis = {
    keys: createRedisKeys(plainPrefix),
    channel: 'messages',
    events,
    isReady: () => true,
    send: async () => reply,
    run: async (_script: unknown, _keys: readonly string[], args: readonly string[]) => void writes.push(args),
    publish: async (topic: string, text: string) => void published.push([topic, text]),
  }
  const bus = createRedisBus(redis, sealer, () => 1_000)
  bus.events.on('ended', (each) => void heard.push(each))
  return { bus, heard, writes, published, say: (topic: string, text: string) => events.emit('message', topic, text) }
}

t.test('marks of a later version are ignored when read or received', async (t) => {
  const { bus, heard, say } = busOver([
    ['novelty x 0', until],
    [formatMark(mark), until],
    ['session short 0', until],
  ])
  t.same(await bus.endings(), [mark])
  say('ended', `${until} novelty x 0`)
  say('ended', `${until} ${formatMark(mark)}`)
  say('novelty', `${until} ${formatMark(mark)}`)
  t.same(heard, [mark])
})

t.test('an answer without marks is read as empty', async (t) => {
  for (const reply of [null, 'OK', [], [formatMark(mark), until], [[]]]) {
    t.same(await busOver(reply).bus.endings(), [])
  }
})

t.test('many marks are written 500 at a time', async (t) => {
  const { bus, writes } = busOver()
  await bus.end(Array.from({ length: 501 }, (_, i) => markOf({ sessionId: `ref-${i}` }, until)))
  // Each has a score and a mark, after the channel and the time.
  t.same(
    writes.map((args) => args.length),
    [2 + 1000, 2 + 2],
  )
})

t.test('a changed session is published sealed and without its refresh token', async (t) => {
  const { bus, published, say } = busOver()
  const session = sessionOf()
  bus.change(session)
  while (published.length === 0) await new Promise((next) => setImmediate(next))
  const [topic, text] = published[0] ?? ['', '']
  t.equal(topic, 'changed')
  t.notMatch(text, 'jane')
  const told = new Promise<Session>((resolve) => bus.events.once('changed', resolve))
  say('changed', 'sealed by somebody else')
  say('changed', text)
  const { refreshToken: _, ...rest } = session
  t.strictSame(await told, rest)
})

t.test('without Redis a process receives its own changes and stores nothing', async (t) => {
  const bus = createLocalBus()
  const heard: Session[] = []
  bus.events.on('changed', (session) => void heard.push(session))
  bus.change(sessionOf())
  t.equal(heard.length, 1)
  await bus.end([mark])
  t.same(await bus.endings(), [])
  t.ok(bus.isConnected())
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { startLocalAuth0, type LocalAuth0, type LocalAuth0Options } from '../../auth0/local/server.ts'
import type { Auth0Event } from '../../src/auth0-events/event.ts'
import { createManagementTokens } from '../../src/auth0-events/management-token.ts'
import {
  createFileOffsets,
  createMemoryOffsets,
  createSharedOffsets,
  type Offsets,
} from '../../src/auth0-events/offsets.ts'
import { createEventPull } from '../../src/auth0-events/pull.ts'
import { createLeadership } from '../../src/redis/leadership.ts'
import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const timing = { firstRetryMs: 20, lastRetryMs: 100, silenceMs: 60_000, offsetEveryMs: 0 }

async function startAuth0(t: Test, options: LocalAuth0Options = {}): Promise<LocalAuth0> {
  const auth0 = await startLocalAuth0(options)
  t.teardown(() => auth0.close())
  return auth0
}

/** Reads events of a local Auth0. `taken` has the users of the events. */
function startPull(
  t: Test,
  auth0: LocalAuth0,
  offsets: Offsets,
  options: { silenceMs?: number; isTroubled?: () => boolean; wait?: (ms: number) => Promise<void> } = {},
) {
  const taken: string[] = []
  const failures: string[] = []
  const stop = new AbortController()
  const common = { issuer: auth0.issuer, fetch: fetch as never, now: Date.now }
  const pull = createEventPull({
    ...common,
    tokens: createManagementTokens({
      ...common,
      ...auth0.management,
      audience: `${auth0.issuer}api/v2/`,
      timeoutMs: 30_000,
    }),
    offsets,
    async take({ object }: Auth0Event) {
      if (options.isTroubled?.()) throw new Error('Redis is away')
      taken.push(String(object['user_id']))
      return 'revoked'
    },
    longestSessionMs: 60_000,
    onFailure: (detail) => failures.push(detail),
    timing: { ...timing, ...(options.silenceMs && { silenceMs: options.silenceMs }) },
    ...(options.wait && { wait: options.wait }),
  })
  const running = pull.run(stop.signal)
  const close = async () => {
    stop.abort()
    await running
  }
  t.teardown(close)
  return { pull, taken, failures, close }
}

t.test('without an offset events are read from the lifetime of a session ago, at most a day', async (t) => {
  const dayMs = 24 * 3_600_000
  const now = Date.parse('2026-03-31T12:00:00Z')
  const rows: [longestSessionMs: number, from: string][] = [
    [3_600_000, '2026-03-31T11:00:00.000Z'],
    [30 * dayMs, '2026-03-30T12:00:00.000Z'],
  ]
  for (const [longestSessionMs, from] of rows) {
    const stop = new AbortController()
    const asked: (string | null)[] = []
    const pull = createEventPull({
      issuer: 'https://t/',
      tokens: { get: async () => 'token', drop: () => undefined },
      offsets: createMemoryOffsets(),
      take: async () => 'revoked',
      longestSessionMs,
      onFailure: () => undefined,
      now: () => now,
      async fetch(url: string) {
        asked.push(new URL(url).searchParams.get('from_timestamp'))
        stop.abort()
        return new Response()
      },
    })
    await pull.run(stop.signal)
    t.same(asked, [from])
  }
})

const emit = (auth0: LocalAuth0, user_id: string) => auth0.switches.emitEvent('user.deleted', { user_id })

t.test('events that happened while no process read are read later, each once', async (t) => {
  const auth0 = await startAuth0(t)
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-events-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const offsets = createFileOffsets(join(folder, 'offset'))
  emit(auth0, 'before')
  const first = startPull(t, auth0, offsets)
  emit(auth0, 'one')
  await until(() => first.taken.length === 2)
  await first.close()
  emit(auth0, 'two')
  const second = startPull(t, auth0, offsets)
  await until(() => second.taken.length === 1)
  t.same([first.taken, second.taken], [['before', 'one'], ['two']])
  t.equal(second.pull.status(), 'reading')
})

t.test('a stream that ends, with or without an error, is followed by one from the same offset', async (t) => {
  const auth0 = await startAuth0(t)
  const { taken } = startPull(t, auth0, createMemoryOffsets())
  for (const [i, message] of [undefined, 'an error', undefined].entries()) {
    emit(auth0, String(i))
    await until(() => taken.length === i + 1)
    auth0.switches.endEventStreams(message)
  }
  emit(auth0, 'last')
  await until(() => taken.length === 4)
  t.same(taken, ['0', '1', '2', 'last'])
})

t.test('an offset that is too old (410) is replaced by a time, and a time that is too old by now', async (t) => {
  const auth0 = await startAuth0(t)
  const offsets = createMemoryOffsets()
  await offsets.write(emit(auth0, 'old'))
  auth0.switches.expireEvents()
  const { taken, failures } = startPull(t, auth0, offsets)
  await until(() => failures.length > 0)
  emit(auth0, 'new')
  await until(() => taken.includes('new'))
  t.match(failures[0], /too old/)
})

t.test('with a tenant without Groups (400) the reader leaves out group events and reads all others', async (t) => {
  const auth0 = await startAuth0(t, { settings: { groups: false } })
  const offsets = createMemoryOffsets()
  await offsets.write(emit(auth0, 'read before'))
  emit(auth0, 'one')
  const { taken, failures } = startPull(t, auth0, offsets)
  await until(() => taken.length === 1)
  t.same(taken, ['one'])
  t.match(failures, [/400/])
  auth0.switches.endEventStreams()
  emit(auth0, 'two')
  await until(() => taken.length === 2)
  t.equal(failures.length, 1, 'the next reading does not ask again')
})

t.test('an invalid offset (400) is replaced by a time, and group events are still requested', async (t) => {
  const auth0 = await startAuth0(t)
  const offsets = createMemoryOffsets()
  await offsets.write('not an offset')
  emit(auth0, 'one')
  const { taken } = startPull(t, auth0, offsets)
  await until(() => taken.length === 1)
  auth0.switches.emitEvent('group.member.added', { user_id: 'two' })
  await until(() => taken.length === 2)
  t.same(taken, ['one', 'two'])
})

t.test('a reader whose every request is refused waits between its attempts', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.failNext('/api/v2/events', Array<number>(1_000).fill(400))
  const waits: number[] = []
  const wait = async (ms: number) => void waits.push(ms)
  const { pull } = startPull(t, auth0, createMemoryOffsets(), { wait })
  await until(() => waits.length >= 8)
  t.equal(pull.status(), 'failing')
  // First without Groups, then without the offset; from then on every second attempt follows a wait.
  t.same(
    waits.slice(0, 8).map((ms) => ms > 0),
    [false, false, true, false, true, false, true, false],
  )
})

t.test('after too many connections (429) the reader waits as long as Auth0 says', async (t) => {
  const auth0 = await startAuth0(t, { settings: { eventConnections: 1, eventRetryAfterSeconds: 60 } })
  const first = startPull(t, auth0, createMemoryOffsets())
  emit(auth0, 'a')
  await until(() => first.taken.length === 1)
  const waits: number[] = []
  const minuteIsOver = Promise.withResolvers<void>()
  const wait = (ms: number) => {
    waits.push(ms)
    return minuteIsOver.promise
  }
  const second = startPull(t, auth0, createMemoryOffsets(), { wait })
  await until(() => waits.length === 1)
  t.same(waits, [60_000])
  t.match(second.failures[0], /429/)
  await first.close()
  emit(auth0, 'b')
  minuteIsOver.resolve()
  await until(() => second.taken.includes('b'))
})

t.test('an event that could not be handled is read again', async (t) => {
  const auth0 = await startAuth0(t)
  let isTroubled = true
  const { taken, failures } = startPull(t, auth0, createMemoryOffsets(), { isTroubled: () => isTroubled })
  emit(auth0, 'a')
  await until(() => failures.length > 1)
  isTroubled = false
  await until(() => taken.length === 1)
  t.same(taken, ['a'])
})

t.test('a rejected token is replaced, and an outage of Auth0 is waited out', async (t) => {
  const auth0 = await startAuth0(t)
  const { taken, pull, failures } = startPull(t, auth0, createMemoryOffsets())
  emit(auth0, 'a')
  await until(() => taken.length === 1)
  await auth0.switches.rotateKeys({ revoke: true })
  await auth0.switches.rotateKeys({ revoke: true })
  auth0.switches.endEventStreams()
  await until(() => failures.some((detail) => detail.includes('401')))
  emit(auth0, 'b')
  await until(() => taken.length === 2)
  auth0.switches.down('error')
  auth0.switches.endEventStreams()
  await until(() => pull.status() === 'failing')
  auth0.switches.up()
  emit(auth0, 'c')
  await until(() => taken.length === 3)
  t.same(taken, ['a', 'b', 'c'])
})

t.test('silence without heartbeats counts as a dead connection', async (t) => {
  const auth0 = await startAuth0(t, { settings: { eventHeartbeatMs: 60_000 } })
  const { failures } = startPull(t, auth0, createMemoryOffsets(), { silenceMs: 100 })
  await until(() => failures.length > 0)
  t.match(failures[0], /nothing came for 100 ms/)
})

t.test(
  'one of all processes reads and continues where another stopped, and none reads while Redis is down',
  async (t) => {
    const server = await startRedis(t)
    const start = async (owner: string) => {
      const node = parseNode(server.url)
      const redis = new Redis({ topology: { kind: 'single', node }, timeoutMs: 30_000 })
      t.teardown(() => redis.close())
      let answers = 0
      const run: Redis['run'] = (...parts) => redis.run(...parts).finally(() => (answers += 1))
      await redis.attempted()
      const work: string[] = []
      const reads: AbortSignal[] = []
      const leadership = createLeadership({
        redis: { keys: redis.keys, run },
        name: 'events',
        owner,
        lifetimeMs: 600_000,
        askEveryMs: 10,
        async work(signal) {
          reads.push(signal)
          const offset = (await createSharedOffsets(redis).read()) ?? 'nothing'
          await createSharedOffsets(redis).write(owner)
          work.push(offset)
        },
      })
      t.teardown(() => leadership.close())
      return { leadership, work, reads, answers: () => answers }
    }
    const one = await start('one')
    await until(() => one.work.length === 1)
    const two = await start('two')
    await until(() => two.answers() >= 3)
    t.same([one.leadership.isLeading(), two.leadership.isLeading()], [true, false])
    await one.leadership.close()
    await until(() => two.work.length === 1)
    t.same([one.work, two.work], [['nothing'], ['one']])
    await server.stop()
    await until(() => !two.leadership.isLeading())
    t.ok(two.reads[0]?.aborted)
    await server.start()
    await until(() => two.leadership.isLeading())
  },
)

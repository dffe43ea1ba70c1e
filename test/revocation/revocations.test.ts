import { once } from 'node:events'

import t, { type Test } from 'tap'

import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createLocalBus, createRedisBus } from '../../src/revocation/bus.ts'
import type { Mark } from '../../src/revocation/mark.ts'
import { createRevocations, type Revocations } from '../../src/revocation/revocations.ts'
import { createSingleUse } from '../../src/revocation/single-use.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { startRedis } from '../support/redis.ts'
import { sessionOf } from '../support/sessions.ts'
import { until } from '../support/until.ts'

const absoluteTimeoutMs = 600_000

const sealer = createSealer(['a secret for tests, at least 32 characters'], 'session-news')

async function connect(t: Test, url: string) {
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  const bus = createRedisBus(redis, sealer, Date.now)
  return { redis, bus, revocations: createRevocations({ bus, absoluteTimeoutMs, now: Date.now }) }
}

const inStep = (revocations: Revocations) => until(() => revocations.status() === 'ready')

t.test('without Redis a revocation takes effect at once, and listeners get new ones', async (t) => {
  const revocations = createRevocations({ bus: createLocalBus(), absoluteTimeoutMs, now: Date.now })
  await revocations.joined()
  const told: string[] = []
  revocations.onChange((news) => told.push(...news.map(({ kind }) => kind)))
  const session = sessionOf()
  const done = revocations.revoke({ sessionId: session.id })
  t.equal(revocations.endOf(session), 0)
  await done
  await revocations.revoke({ issuer: session.issuer, sid: 'sid-9', createdBefore: 1 })
  t.same(told, ['session', 'sid'])
  t.equal(revocations.status(), 'ready')
})

t.test('a longer session lifetime extends existing marks, and a shorter one does not shorten them', async (t) => {
  const revocations = createRevocations({ bus: createLocalBus(), absoluteTimeoutMs, now: () => 0 })
  await revocations.revoke({ sessionId: 's-1' })
  const untils = () => revocations.marks().map((mark) => mark.until)
  const [before = 0] = untils()
  revocations.keepFor(absoluteTimeoutMs / 2)
  t.same(untils(), [before])
  revocations.keepFor(absoluteTimeoutMs)
  t.same(untils(), [before + absoluteTimeoutMs / 2])
})

t.test('a successor has the revocations of its predecessor, earlier and later ones', async (t) => {
  const [former, next] = [0, 1].map(() => createRevocations({ bus: createLocalBus(), absoluteTimeoutMs, now: () => 0 }))
  if (former === undefined || next === undefined) throw new Error('there are two')
  const [early, late] = [sessionOf(), sessionOf()]
  await former.revoke({ sessionId: early.id })
  next.follow(former)
  await former.revoke({ sessionId: late.id })
  t.same([next.endOf(early), next.endOf(late)], [0, 0])
})

t.test('every process gets a revocation through Redis, and one that starts later reads it', async (t) => {
  const { url } = await startRedis(t)
  const [here, there] = [await connect(t, url), await connect(t, url)]
  await Promise.all([inStep(here.revocations), inStep(there.revocations)])
  const session = sessionOf()
  const startedAt = performance.now()
  await here.revocations.revoke({ sessionId: session.id })
  await until(() => there.revocations.endOf(session) === 0)
  t.comment(`received within ${Math.round(performance.now() - startedAt)} ms`)
  const late = await connect(t, url)
  await inStep(late.revocations)
  t.equal(late.revocations.endOf(session), 0)
})

t.test(
  'a revocation during an outage of Redis takes effect here, and reaches the others once it is back, even if emptied',
  async (t) => {
    const server = await startRedis(t)
    const [here, there] = [await connect(t, server.url), await connect(t, server.url)]
    await Promise.all([inStep(here.revocations), inStep(there.revocations)])
    const lost = once(here.redis.events, 'lost')
    await server.stop()
    await lost
    const session = sessionOf()
    await t.rejects(here.revocations.revoke({ sessionId: session.id }), { name: 'RedisUnavailable' })
    t.equal(here.revocations.endOf(session), 0)
    t.equal(here.revocations.status(), 'apart')
    await server.start()
    await until(() => there.revocations.endOf(session) === 0)
    await inStep(here.revocations)
    t.pass('shared')
  },
)

t.test('a session that a store ends is published, and a failure to publish is reported', async (t) => {
  const server = await startRedis(t)
  const { bus } = await connect(t, server.url)
  const unshared = Promise.withResolvers<unknown>()
  const revocations = createRevocations({ bus, absoluteTimeoutMs, now: Date.now, onUnshared: unshared.resolve })
  await server.stop()
  const session = sessionOf()
  void revocations.ended.add(session)
  t.ok(revocations.ended.has(session.id))
  t.match(await unshared.promise, { name: 'RedisUnavailable' })
})

t.test('a session that a store ends stays ended here if publishing fails, even without a reporter', async (t) => {
  const bus = {
    ...createLocalBus(),
    async end(marks: readonly Mark[]) {
      if (marks.length > 0) throw new Error('no answer')
    },
  }
  const revocations = createRevocations({ bus, absoluteTimeoutMs, now: Date.now })
  await revocations.joined()
  const session = sessionOf()
  await revocations.ended.add(session)
  t.ok(revocations.ended.has(session.id))
  t.equal(revocations.status(), 'apart')
})

t.test('a key can be claimed once by one process, and again after its release', async (t) => {
  const { url } = await startRedis(t)
  const [here, there] = [await connect(t, url), await connect(t, url)]
  const kinds = [
    [createSingleUse(Date.now, here.redis), createSingleUse(Date.now, there.redis)],
    Array.from({ length: 2 }).fill(createSingleUse(Date.now)) as ReturnType<typeof createSingleUse>[],
  ]
  for (const [one, other] of kinds) {
    t.equal(await one?.claim('jti 1', 60_000), true)
    t.equal(await other?.claim('jti 1', 60_000), false)
    t.equal(await other?.claim('jti 2', 60_000), true)
    await one?.release('jti 1')
    t.equal(await other?.claim('jti 1', 60_000), true)
  }
})

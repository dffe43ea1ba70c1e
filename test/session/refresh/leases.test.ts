import { randomBytes } from 'node:crypto'
import { once } from 'node:events'

import t, { type Test } from 'tap'

import { Redis } from '../../../src/redis/redis.ts'
import { parseNode } from '../../../src/redis/settings.ts'
import { createRedisLeases, type RedisLeasesOptions } from '../../../src/session/refresh/leases.ts'
import type { Session } from '../../../src/session/session.ts'
import { startRedis, type TestRedis } from '../../support/redis.ts'
import { sessionOf } from '../../support/sessions.ts'
import { until } from '../../support/until.ts'

type Times = Pick<RedisLeasesOptions, 'lifetimeMs' | 'renewEveryMs' | 'failureBackoffMs' | 'settleMs'>

/** Longer than any test takes, so that only times that a test shortens run out. */
const never = { lifetimeMs: 600_000, failureBackoffMs: 600_000, settleMs: 600_000 }

/** One replica's leases. */
async function connect(t: Test, { url }: TestRedis, times: Times) {
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  return { redis, leases: createRedisLeases({ redis, randomBytes, ...never, ...times }) }
}

async function twoReplicas(t: Test, session: Session, times: Times = {}) {
  const server = await startRedis(t)
  const [a, b] = [await connect(t, server, times), await connect(t, server, times)]
  const write = (revision: number) =>
    a.redis.send('HSET', a.redis.keys.session(session.id), 'revision', String(revision))
  await write(session.refreshedAt)
  return { server, a, b, write }
}

t.test('one of all claimants gets the lease, and a success returns it', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session)
  const claims = await Promise.all([a, b, a, b].map(({ leases }) => leases.claim(session)))
  t.same(claims.map(({ kind }) => kind).toSorted(), ['granted', 'held', 'held', 'held'])
  for (const claim of claims) if (claim.kind === 'granted') await claim.lease.release(false)
  t.equal((await b.leases.claim(session)).kind, 'granted')
})

t.test('a living holder keeps the lease beyond its lifetime', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session, { renewEveryMs: 10 })
  const claim = await a.leases.claim(session)
  const key = a.redis.keys.lease(session.id)
  for (let i = 0; i < 2; i++) {
    // Simulate that most of its lifetime has passed.
    await b.redis.send('PEXPIRE', key, '300000')
    await until(async () => Number(await b.redis.send('PTTL', key)) > 300_000)
  }
  t.equal((await b.leases.claim(session)).kind, 'held')
  if (claim.kind === 'granted') await claim.lease.release(false)
})

t.test('a holder that died is replaced', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session, { lifetimeMs: 150 })
  await a.leases.claim(session)
  a.redis.close()
  for (;;) {
    const claim = await b.leases.claim(session)
    if (claim.kind === 'granted') break
    if (claim.kind === 'held') await claim.change
  }
  t.pass('granted after its lifetime')
})

t.test('a lease is for one revision only: a late claimant learns that the session has changed or ended', async (t) => {
  const session = sessionOf()
  const { a, b, write } = await twoReplicas(t, session)
  await write(session.refreshedAt + 1)
  t.equal((await b.leases.claim(session)).kind, 'changed')
  await a.redis.send('DEL', a.redis.keys.session(session.id))
  t.equal((await b.leases.claim(session)).kind, 'changed')
})

t.test('after a failure no replica refreshes the session for a while', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session)
  const claim = await a.leases.claim(session)
  if (claim.kind === 'granted') await claim.lease.release(true)
  t.equal((await b.leases.claim(session)).kind, 'failed')
  t.equal((await a.leases.claim(session)).kind, 'failed')
})

t.test('some time after a failure one replica may try again', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session, { failureBackoffMs: 20 })
  const claim = await a.leases.claim(session)
  if (claim.kind === 'granted') await claim.lease.release(true)
  await until(async () => (await b.leases.claim(session)).kind === 'granted')
  t.pass('granted')
})

/** Simulates an outage of Redis that kept the session unchanged. */
async function afterOutage(t: Test, session: Session, times: Times) {
  const { server, a, write } = await twoReplicas(t, session, times)
  const lost = once(a.redis.events, 'lost')
  await server.stop()
  await lost
  await t.rejects(a.leases.claim(session))
  const ready = once(a.redis.events, 'ready')
  await server.start()
  await ready
  await write(session.refreshedAt)
  return a.leases
}

t.test('when Redis is back, a replica with a refreshed session may write it first', async (t) => {
  const session = sessionOf()
  const leases = await afterOutage(t, session, {})
  const claim = await leases.claim(session)
  t.equal(claim.kind, 'held')
  if (claim.kind === 'held') await claim.change
})

t.test('some time after Redis is back, leases are granted as usual', async (t) => {
  const session = sessionOf()
  const leases = await afterOutage(t, session, { settleMs: 20 })
  await until(async () => (await leases.claim(session)).kind === 'granted')
  t.pass('granted')
})

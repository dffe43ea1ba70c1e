import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createRedis } from '../../../src/redis/redis.ts'
import { parseNode } from '../../../src/redis/settings.ts'
import { createRedisLeases } from '../../../src/session/refresh/redis-leases.ts'
import type { Session } from '../../../src/session/session.ts'
import { startRedis, type TestRedis } from '../../support/redis.ts'
import { sessionOf } from '../../support/sessions.ts'

/** One replica's leases; a short life, so that tests need not wait for long. */
async function connect(t: Test, { url }: TestRedis) {
  const redis = createRedis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 1_000 }, 'session:')
  t.teardown(() => redis.close())
  await redis.attempted()
  const options = { redis, randomBytes, lifetimeMs: 150, failureBackoffMs: 200, settleMs: 100 }
  return { redis, leases: createRedisLeases(options) }
}

async function twoReplicas(t: Test, session: Session) {
  const server = await startRedis(t)
  const [a, b] = [await connect(t, server), await connect(t, server)]
  const write = (revision: number) =>
    a.redis.send('HSET', a.redis.keys.session(session.id), 'revision', String(revision))
  await write(session.refreshedAt)
  return { server, a, b, write }
}

t.test('of all who ask one is granted the lease; a success gives it back', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session)
  const claims = await Promise.all([a, b, a, b].map(({ leases }) => leases.claim(session)))
  t.same(claims.map(({ kind }) => kind).toSorted(), ['granted', 'held', 'held', 'held'])
  for (const claim of claims) if (claim.kind === 'granted') await claim.lease.release(false)
  t.equal((await b.leases.claim(session)).kind, 'granted')
})

t.test('a holder that lives keeps the lease for longer than its lifetime', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session)
  const claim = await a.leases.claim(session)
  await delay(500)
  t.equal((await b.leases.claim(session)).kind, 'held')
  if (claim.kind === 'granted') await claim.lease.release(false)
})

t.test('a holder that died is replaced', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session)
  await a.leases.claim(session)
  a.redis.close()
  for (;;) {
    const claim = await b.leases.claim(session)
    if (claim.kind === 'granted') break
    if (claim.kind === 'held') await claim.change
  }
  t.pass('granted after its lifetime')
})

t.test('a lease is for one revision only: who comes late finds it changed, or gone', async (t) => {
  const session = sessionOf()
  const { a, b, write } = await twoReplicas(t, session)
  await write(session.refreshedAt + 1)
  t.equal((await b.leases.claim(session)).kind, 'changed')
  await a.redis.send('DEL', a.redis.keys.session(session.id))
  t.equal((await b.leases.claim(session)).kind, 'changed')
})

t.test('who waits is woken by the write of the holder', async (t) => {
  const session = sessionOf()
  const { a, b, write } = await twoReplicas(t, session)
  await a.leases.claim(session)
  const claim = await b.leases.claim(session)
  const told = once(b.redis.events, 'invalidated')
  await write(session.refreshedAt + 1)
  await told
  if (claim.kind === 'held') await claim.change
  t.equal(claim.kind, 'held')
})

t.test('after a failure everybody leaves the session alone for a while', async (t) => {
  const session = sessionOf()
  const { a, b } = await twoReplicas(t, session)
  const claim = await a.leases.claim(session)
  if (claim.kind === 'granted') await claim.lease.release(true)
  t.equal((await b.leases.claim(session)).kind, 'failed')
  while ((await b.leases.claim(session)).kind === 'failed') await delay(20)
  t.pass('and then somebody may try')
})

t.test('when Redis is back, those who owe it a refreshed session may write it first', async (t) => {
  const session = sessionOf()
  const { server, a, write } = await twoReplicas(t, session)
  const lost = once(a.redis.events, 'lost')
  await server.stop()
  await lost
  await t.rejects(a.leases.claim(session))
  const ready = once(a.redis.events, 'ready')
  await server.start()
  await ready
  await write(session.refreshedAt)
  const claim = await a.leases.claim(session)
  t.equal(claim.kind, 'held')
  if (claim.kind === 'held') await claim.change
  while ((await a.leases.claim(session)).kind !== 'granted') await delay(20)
  t.pass('then it is business as usual')
})

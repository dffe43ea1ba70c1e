import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'

import t from 'tap'

import { createRedisKeys } from '../../src/redis/keys.ts'
import { Redis, type RedisEvents } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createLocalBus } from '../../src/revocation/bus.ts'
import { createRevocations } from '../../src/revocation/revocations.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { CoherentCache } from '../../src/session/coherent-cache.ts'
import { createCookieStore } from '../../src/session/cookie-store.ts'
import { createDeferredWrites } from '../../src/session/deferred-writes.ts'
import { createRecordSealer, newReference } from '../../src/session/record-sealer.ts'
import { RedisStore } from '../../src/session/redis-store.ts'
import { startRedis } from '../support/redis.ts'
import { sessionLimits as limits, sessionOf } from '../support/sessions.ts'
import { until } from '../support/until.ts'

const secret = 'a secret for tests, at least 32 characters'
const unavailable = { code: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE', headers: { 'retry-after': '5' } }

t.test('changes during an outage of Redis take effect here at once, and at all replicas when it is back', async (t) => {
  const server = await startRedis(t, { isPersistent: true })
  const make = async () => {
    const redis = new Redis({ topology: { kind: 'single', node: parseNode(server.url) }, timeoutMs: 30_000 })
    const deferred = createDeferredWrites(redis.events)
    t.teardown(() => {
      deferred.close()
      redis.close()
    })
    await redis.attempted()
    const store = new RedisStore({
      redis,
      deferred,
      sealer: createRecordSealer([secret]),
      cache: new CoherentCache({
        events: createLocalBus().events,
        maxEntries: 9,
        outageGraceMs: 60_000,
        now: Date.now,
      }),
      ended: createRevocations({ bus: createLocalBus(), ...limits, now: Date.now }).ended,
      limits,
      randomBytes,
      now: Date.now,
    })
    return { store, redis, deferred }
  }
  const { store, redis, deferred } = await make()
  const [refreshed, ended] = [sessionOf(), sessionOf()]
  const [value, endedValue] = [String(await store.save(refreshed)), String(await store.save(ended))]
  await store.find(value)
  const lost = once(redis.events, 'lost')
  await server.stop()
  await lost

  const known = { session: refreshed, value }
  const next = { ...refreshed, refreshedAt: refreshed.refreshedAt + 1, refreshToken: 'second' }
  t.equal(await store.save(next, known), value)
  t.equal(store.recall(value)?.session.refreshToken, 'second')
  await t.rejects(store.end(ended), unavailable)
  t.equal(await store.find(endedValue), undefined, 'ended here')
  await t.rejects(store.find(value.replace(/^./, '_')), unavailable)
  await t.rejects(store.save(sessionOf()), unavailable)
  t.equal(await store.touch(known), value, 'noting a use never fails')

  await server.start()
  await until(() => deferred.size() === 0)
  const other = (await make()).store
  t.equal((await other.find(value))?.session.refreshToken, 'second')
  t.equal(await other.find(endedValue), undefined)
  t.equal((await store.find(value))?.session.refreshToken, 'second')
})

t.test('the cookie store refuses a session too large for three cookies and names the remedy', async (t) => {
  const sealer = createSealer([secret], 'session')
  const store = createCookieStore({
    sealer,
    ended: createRevocations({ bus: createLocalBus(), ...limits, now: Date.now }).ended,
    cookieName: 'stagedoor',
  })
  const groups = Array.from({ length: 900 }, (_, i) => `group-number-${i}`)
  const huge = sessionOf({ claims: { roles: [], groups, permissions: [] } })
  await t.rejects(store.save(huge), { code: 'STAGEDOOR_SESSION_COOKIE_TOO_LARGE', message: /session\.store: redis/ })
})

t.test('any other error of Redis is an internal error, not an outage', async (t) => {
  const fault = new Error('WRONGTYPE')
  const events = new EventEmitter<RedisEvents>()
  const deferred = createDeferredWrites(events)
  const store = new RedisStore({
    redis: {
      keys: createRedisKeys('stagedoor:'),
      run: () => Promise.reject(fault),
      send: () => Promise.reject(fault),
    } as unknown as Redis,
    deferred,
    sealer: createRecordSealer([secret]),
    cache: new CoherentCache({ events: createLocalBus().events, maxEntries: 9, outageGraceMs: 0, now: Date.now }),
    ended: createRevocations({ bus: createLocalBus(), ...limits, now: Date.now }).ended,
    limits,
    randomBytes,
    now: Date.now,
  })
  const session = sessionOf()
  const value = newReference(session.id, randomBytes)
  await t.rejects(store.save(session), fault)
  await t.rejects(store.save(session, { session, value }), fault)
  await t.rejects(store.find(value), fault)
  t.equal(deferred.size(), 0)
  await t.rejects(store.save(session, { session, value: 'no reference' }), TypeError)
})

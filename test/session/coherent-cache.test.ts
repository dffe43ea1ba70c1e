import { EventEmitter } from 'node:events'

import t from 'tap'

import type { BusEvents } from '../../src/revocation/bus.ts'
import { CoherentCache } from '../../src/session/coherent-cache.ts'
import type { FoundSession } from '../../src/session/store.ts'
import { sessionOf } from '../support/sessions.ts'

/** The session for a cookie value. */
const sessionIn = (cookie: string, usedAt = 0, refreshedAt = 0) =>
  sessionOf({ id: `id of ${cookie}`, usedAt, refreshedAt })
const foundIn = (cookie: string, usedAt = 0): FoundSession => ({
  session: sessionIn(cookie, usedAt),
  needsRewrite: false,
})

function createCache() {
  const events = new EventEmitter<BusEvents>()
  const clock = { now: 0 }
  const cache = new CoherentCache({ events, maxEntries: 2, outageGraceMs: 100, now: () => clock.now })
  const know = (cookie: string, usedAt = 0) =>
    cache.keep(cookie, sessionIn(cookie).id, async () => foundIn(cookie, usedAt))
  const usedAt = (cookie: string) => cache.get(cookie)?.session.usedAt
  return { events, clock, cache, know, usedAt }
}

t.test('a cached session is found, and one that was refreshed elsewhere is dropped', async (t) => {
  const { events, cache, know, usedAt } = createCache()
  await know('a')
  await know('b')
  events.emit('changed', sessionIn('a', 0, 1))
  t.equal(cache.get('a'), undefined)
  t.equal(usedAt('b'), 0)
})

t.test('a later use elsewhere updates the cached session, an earlier one does not', async (t) => {
  const { events, know, usedAt } = createCache()
  await know('a', 5)
  events.emit('changed', sessionIn('a', 9))
  t.equal(usedAt('a'), 9)
  events.emit('changed', sessionIn('a', 7))
  t.equal(usedAt('a'), 9)
})

t.test('the number of entries is bounded, and the least recently used are dropped first', async (t) => {
  const { cache, know } = createCache()
  for (const cookie of ['a', 'b', 'c']) await know(cookie)
  t.equal(cache.size, 2)
  t.equal(cache.get('a'), undefined)
})

t.test('a session that changes while it is read is not cached', async (t) => {
  const { events, cache } = createCache()
  const reply = Promise.withResolvers<FoundSession>()
  const reads = [1, 2].map(() => cache.keep('a', sessionIn('a').id, () => reply.promise))
  reply.resolve(foundIn('a', 1))
  events.emit('changed', sessionIn('a', 0, 1))
  t.match(await Promise.all(reads), [{ session: { usedAt: 1 } }, { session: { usedAt: 1 } }])
  t.equal(cache.get('a'), undefined)
})

t.test('a session read over a connection that was lost meanwhile is not cached', async (t) => {
  const { events, cache } = createCache()
  const reply = Promise.withResolvers<FoundSession>()
  const read = cache.keep('a', sessionIn('a').id, () => reply.promise)
  events.emit('connected')
  reply.resolve(foundIn('a'))
  await read
  t.equal(cache.get('a'), undefined)
})

t.test('a failed or empty read leaves nothing behind', async (t) => {
  const { cache } = createCache()
  await t.rejects(cache.keep('a', 'id', () => Promise.reject(new Error('no'))))
  t.equal(await cache.keep('a', 'id', async () => undefined), undefined)
  t.equal(cache.size, 0)
})

t.test('while Redis is down cached sessions are valid for the grace time, and none once it is back', async (t) => {
  const { events, clock, cache, know, usedAt } = createCache()
  await know('a')
  events.emit('lost')
  clock.now = 60
  events.emit('lost')
  clock.now = 100
  t.equal(usedAt('a'), 0)
  clock.now = 101
  t.equal(cache.get('a'), undefined)
  events.emit('connected')
  await know('a')
  events.emit('lost')
  events.emit('connected')
  t.equal(cache.get('a'), undefined)
})

t.test('a cached session can be amended, and amending an unknown one adds none', async (t) => {
  const { cache, know } = createCache()
  await know('a')
  const makeStale = (found: FoundSession) => ({ ...found, needsRewrite: true })
  cache.amend('a', makeStale)
  cache.amend('b', makeStale)
  t.match(cache.get('a'), { needsRewrite: true })
  t.equal(cache.get('b'), undefined)
})

t.test('an amended or reloaded session is still dropped when it is refreshed elsewhere', async (t) => {
  const { events, cache, know, usedAt } = createCache()
  await know('a')
  await know('a', 2)
  cache.amend('a', (found) => ({ ...found, needsRewrite: true }))
  t.equal(usedAt('a'), 2)
  events.emit('changed', sessionIn('a', 0, 1))
  t.equal(cache.get('a'), undefined)
})

import { EventEmitter } from 'node:events'

import t from 'tap'

import type { RedisEvents } from '../../src/redis/redis.ts'
import { createCoherentCache } from '../../src/session/coherent-cache.ts'

const keyOf = (name: string): string => `key of ${name}`

function createCache() {
  const events = new EventEmitter<RedisEvents>()
  const clock = { now: 0 }
  const cache = createCoherentCache<{ n: number }>({ events, maxEntries: 2, graceMs: 100, now: () => clock.now })
  return { events, clock, cache, know: (name: string, n = 1) => cache.keep(name, keyOf(name), async () => ({ n })) }
}

t.test('what is known is found, what others change is forgotten', async (t) => {
  const { events, cache, know } = createCache()
  await know('a')
  await know('b')
  events.emit('invalidated', [keyOf('a')])
  t.equal(cache.get('a'), undefined)
  t.same(cache.get('b'), { n: 1 })
  events.emit('invalidated', undefined)
  t.equal(cache.get('b'), undefined, 'everything, when it is not said what')
})

t.test('a bound number of entries is kept, the least used go first', async (t) => {
  const { cache, know } = createCache()
  for (const key of ['a', 'b', 'c']) await know(key)
  t.equal(cache.size(), 2)
  t.equal(cache.get('a'), undefined)
})

t.test('what was read is not kept when the key was changed while it was read', async (t) => {
  const { events, cache } = createCache()
  const reply = Promise.withResolvers<{ n: number }>()
  const reads = [cache.keep('a', keyOf('a'), () => reply.promise), cache.keep('a', keyOf('a'), () => reply.promise)]
  reply.resolve({ n: 1 })
  events.emit('invalidated', [keyOf('a')])
  t.same(await Promise.all(reads), [{ n: 1 }, { n: 1 }])
  t.equal(cache.get('a'), undefined)
})

t.test('what was read over a lost connection is not kept either', async (t) => {
  const { events, cache } = createCache()
  const reply = Promise.withResolvers<{ n: number }>()
  const read = cache.keep('a', keyOf('a'), () => reply.promise)
  events.emit('ready')
  reply.resolve({ n: 1 })
  await read
  t.equal(cache.get('a'), undefined)
})

t.test('a failed or empty read leaves nothing behind', async (t) => {
  const { cache } = createCache()
  await t.rejects(cache.keep('a', keyOf('a'), () => Promise.reject(new Error('no'))))
  t.equal(await cache.keep('a', keyOf('a'), async () => undefined), undefined)
  t.equal(cache.size(), 0)
})

t.test(
  'while Redis is away what is known may be used for the grace time, and after its return not at all',
  async (t) => {
    const { events, clock, cache, know } = createCache()
    await know('a')
    events.emit('lost', new Error('gone'))
    clock.now = 60
    events.emit('lost', new Error('still gone'))
    clock.now = 100
    t.same(cache.get('a'), { n: 1 })
    clock.now = 101
    t.equal(cache.get('a'), undefined)
    events.emit('ready')
    await know('a')
    events.emit('lost', new Error('gone again'))
    events.emit('ready')
    t.equal(cache.get('a'), undefined)
  },
)

t.test('what is known can be amended; what is not known is not made', async (t) => {
  const { cache, know } = createCache()
  await know('a')
  cache.amend('a', ({ n }) => ({ n: n + 1 }))
  cache.amend('b', ({ n }) => ({ n: n + 1 }))
  t.same([cache.get('a'), cache.get('b')], [{ n: 2 }, undefined])
})

t.test('what was amended or read again is still forgotten when others change it', async (t) => {
  const { events, cache, know } = createCache()
  await know('a')
  await know('a', 2)
  cache.amend('a', ({ n }) => ({ n: n + 1 }))
  t.same(cache.get('a'), { n: 3 })
  events.emit('invalidated', [keyOf('a')])
  t.equal(cache.get('a'), undefined)
})

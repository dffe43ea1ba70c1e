import { EventEmitter } from 'node:events'

import t from 'tap'

import type { RedisEvents } from '../../src/redis/redis.ts'
import { createDeferredWrites } from '../../src/session/deferred-writes.ts'

function createDeferred(t: { teardown: (end: () => void) => void }) {
  const events = new EventEmitter<RedisEvents>()
  const deferred = createDeferredWrites(events)
  t.teardown(() => deferred.close())
  return { events, deferred }
}

t.test('a deferred write is made when Redis is back', async (t) => {
  const { events, deferred } = createDeferred(t)
  const written = Promise.withResolvers<void>()
  deferred.defer('a', async () => written.resolve())
  events.emit('ready')
  await written.promise
  await deferred.settle('a')
  t.equal(deferred.size(), 0)
})

t.test('a deferred write is retried until it succeeds', async (t) => {
  const { deferred } = createDeferred(t)
  const written = Promise.withResolvers<number>()
  let tries = 0
  deferred.defer('a', async () => {
    tries++
    if (tries < 3) throw new Error('not yet')
    written.resolve(tries)
  })
  t.equal(await written.promise, 3)
})

t.test('a caller that needs the key waits once for its write, and continues if the write fails', async (t) => {
  const { deferred } = createDeferred(t)
  let tries = 0
  const gate = Promise.withResolvers<void>()
  deferred.defer('a', async () => {
    tries++
    await gate.promise
    throw new Error('not yet')
  })
  t.equal(deferred.settle('b'), undefined)
  const [first, second] = [deferred.settle('a'), deferred.settle('a')]
  gate.resolve()
  await Promise.all([first, second])
  t.equal(tries, 1)
  t.equal(deferred.size(), 1)
})

t.test('a later write replaces an earlier one, even one under way', async (t) => {
  const { deferred } = createDeferred(t)
  const written: string[] = []
  const gate = Promise.withResolvers<void>()
  deferred.defer('a', async () => {
    await gate.promise
    written.push('first')
  })
  const running = deferred.settle('a')
  deferred.defer('a', async () => void written.push('second'))
  gate.resolve()
  await running
  await deferred.settle('a')
  t.same(written, ['first', 'second'])
  t.equal(deferred.size(), 0)
})

const timersThatKeepUsAlive = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

t.test('after closing no write is retried, whether it failed meanwhile or is deferred later', async (t) => {
  const { events, deferred } = createDeferred(t)
  const gate = Promise.withResolvers<void>()
  let tries = 0
  const fail = async () => {
    tries++
    await gate.promise
    throw new Error('gone')
  }
  deferred.defer('a', fail)
  const settled = deferred.settle('a')
  const before = timersThatKeepUsAlive()
  deferred.close()
  gate.resolve()
  await settled
  deferred.defer('b', fail)
  events.emit('ready')
  t.equal(deferred.size(), 0)
  t.equal(tries, 1)
  t.ok(timersThatKeepUsAlive() <= before, 'and no timer is left that keeps the process alive')
})

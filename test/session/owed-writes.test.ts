import { EventEmitter } from 'node:events'

import t from 'tap'

import type { RedisEvents } from '../../src/redis/redis.ts'
import { createOwedWrites } from '../../src/session/owed-writes.ts'

function createOwed(t: { teardown: (end: () => void) => void }) {
  const events = new EventEmitter<RedisEvents>()
  const owed = createOwedWrites(events)
  t.teardown(() => owed.close())
  return { events, owed }
}

t.test('a write that is owed is done when Redis is back', async (t) => {
  const { events, owed } = createOwed(t)
  const written = Promise.withResolvers<void>()
  owed.owe('a', async () => written.resolve())
  events.emit('ready')
  await written.promise
  await owed.settle('a')
  t.equal(owed.size(), 0)
})

t.test('it is tried again until it succeeds', async (t) => {
  const { owed } = createOwed(t)
  const written = Promise.withResolvers<number>()
  let tries = 0
  owed.owe('a', async () => {
    tries++
    if (tries < 3) throw new Error('not yet')
    written.resolve(tries)
  })
  t.equal(await written.promise, 3)
})

t.test('who needs the key waits for its write, once, and goes on when that fails', async (t) => {
  const { owed } = createOwed(t)
  let tries = 0
  const gate = Promise.withResolvers<void>()
  owed.owe('a', async () => {
    tries++
    await gate.promise
    throw new Error('not yet')
  })
  t.equal(owed.settle('b'), undefined)
  const [first, second] = [owed.settle('a'), owed.settle('a')]
  gate.resolve()
  await Promise.all([first, second])
  t.equal(tries, 1)
  t.equal(owed.size(), 1)
})

t.test('a later write takes the place of an earlier one, also of one that is being tried', async (t) => {
  const { owed } = createOwed(t)
  const written: string[] = []
  const gate = Promise.withResolvers<void>()
  owed.owe('a', async () => {
    await gate.promise
    written.push('first')
  })
  const running = owed.settle('a')
  owed.owe('a', async () => void written.push('second'))
  gate.resolve()
  await running
  await owed.settle('a')
  t.same(written, ['first', 'second'])
  t.equal(owed.size(), 0)
})

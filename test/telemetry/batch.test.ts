import { mock } from 'node:test'

import t from 'tap'

import { createBatch, maxWaitMs } from '../../src/telemetry/batch.ts'

const endOfTurn = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
}

t.test('items of one turn are handled together at its end, in order, separately from the next turn', async (t) => {
  const handled: (readonly number[])[] = []
  const batch = createBatch<number>((items) => handled.push(items))
  t.teardown(() => batch.close())
  batch.add(1)
  batch.add(2)
  t.same(handled, [])
  await endOfTurn()
  t.same(handled, [[1, 2]])
  batch.add(3)
  await endOfTurn()
  t.same(handled, [[1, 2], [3]])
})

t.test('items that can wait are handled with later ones, within the longest wait', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const handled: (readonly number[])[] = []
  const batch = createBatch<number>((items) => handled.push(items))
  t.teardown(() => batch.close())
  batch.addPatiently(1)
  await endOfTurn()
  batch.addPatiently(2)
  t.same(handled, [])
  mock.timers.tick(maxWaitMs)
  t.same(handled, [[1, 2]])
  batch.addPatiently(3)
  mock.timers.tick(maxWaitMs)
  t.same(handled, [[1, 2], [3]])
})

t.test('an urgent item is handled with the waiting ones, in order', async (t) => {
  const handled: (readonly number[])[] = []
  const batch = createBatch<number>((items) => handled.push(items))
  t.teardown(() => batch.close())
  batch.addPatiently(1)
  batch.add(2)
  await endOfTurn()
  t.same(handled, [[1, 2]])
})

t.test('an item added while others are handled is not lost', async (t) => {
  const handled: number[] = []
  const batch = createBatch<number>((items) => {
    handled.push(...items)
    if (items.includes(1)) batch.add(2)
  })
  t.teardown(() => batch.close())
  batch.add(1)
  await endOfTurn()
  await endOfTurn()
  t.same(handled, [1, 2])
})

t.test('a turn with many items is handled in parts', async (t) => {
  let handled = 0
  const batch = createBatch<number>((items) => (handled += items.length))
  t.teardown(() => batch.close())
  for (let i = 0; i < 1_000; i += 1) batch.add(i)
  t.equal(handled, 512)
  await endOfTurn()
  t.equal(handled, 1_000)
})

t.test('a flush handles held items at once, and none twice', async (t) => {
  const handled: number[] = []
  const batch = createBatch<number>((items) => handled.push(...items))
  t.teardown(() => batch.close())
  batch.add(1)
  batch.flush()
  t.same(handled, [1])
  batch.flush()
  await endOfTurn()
  t.same(handled, [1])
})

t.test('closing handles the held items and leaves no timers or listeners', async (t) => {
  const listeners = process.listenerCount('exit')
  const handled: number[] = []
  const batch = createBatch<number>((items) => handled.push(...items))
  batch.add(1)
  batch.close()
  t.same(handled, [1])
  t.equal(process.listenerCount('exit'), listeners)
})

t.test('the exit of the process handles held items', async (t) => {
  const before = new Set(process.listeners('exit'))
  const handled: number[] = []
  const batch = createBatch<number>((items) => handled.push(...items))
  t.teardown(() => batch.close())
  batch.addPatiently(1)
  for (const listener of process.listeners('exit')) if (!before.has(listener)) listener(0)
  t.same(handled, [1])
})

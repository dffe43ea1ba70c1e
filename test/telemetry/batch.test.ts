import { mock } from 'node:test'

import t from 'tap'

import { createBatch, maxWaitMs } from '../../src/telemetry/batch.ts'

const endOfTurn = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
}

t.test('what a turn brings is handled together at its end, in order; the next turn starts anew', async (t) => {
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

t.test('what can wait is handled with what comes meanwhile, and no later than the longest wait', async (t) => {
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

t.test('what cannot wait takes along what waits, in order', async (t) => {
  const handled: (readonly number[])[] = []
  const batch = createBatch<number>((items) => handled.push(items))
  t.teardown(() => batch.close())
  batch.addPatiently(1)
  batch.add(2)
  await endOfTurn()
  t.same(handled, [[1, 2]])
})

t.test('what is handed in while others are handled is not lost', async (t) => {
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

t.test('a turn that brings very much does not hold it all', async (t) => {
  let handled = 0
  const batch = createBatch<number>((items) => (handled += items.length))
  t.teardown(() => batch.close())
  for (let i = 0; i < 1_000; i += 1) batch.add(i)
  t.equal(handled, 512)
  await endOfTurn()
  t.equal(handled, 1_000)
})

t.test('a flush handles at once what is held, and nothing twice', async (t) => {
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

t.test('closing handles what is there, and leaves nothing behind in the process', async (t) => {
  const listeners = process.listenerCount('exit')
  const handled: number[] = []
  const batch = createBatch<number>((items) => handled.push(...items))
  batch.add(1)
  batch.close()
  t.same(handled, [1])
  t.equal(process.listenerCount('exit'), listeners)
})

t.test('an exit of the process handles what is held', async (t) => {
  const before = new Set(process.listeners('exit'))
  const handled: number[] = []
  const batch = createBatch<number>((items) => handled.push(...items))
  t.teardown(() => batch.close())
  batch.addPatiently(1)
  for (const listener of process.listeners('exit')) if (!before.has(listener)) listener(0)
  t.same(handled, [1])
})

import t from 'tap'

import { createTurnBatch } from '../../src/telemetry/turn-batch.ts'

const endOfTurn = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
}

const unexpected = (error: unknown): never => {
  throw error
}

t.test('an item that cannot be handled is reported, and the others are handled', async (t) => {
  const handled: number[] = []
  const failures: unknown[] = []
  const refuseTwo = (item: number): void => {
    if (item === 2) throw new Error('two')
    handled.push(item)
  }
  const batch = createTurnBatch(refuseTwo, (error) => failures.push(error))
  t.teardown(() => batch.close())
  for (const item of [1, 2, 3]) batch.add(item)
  await endOfTurn()
  t.same(handled, [1, 3])
  t.match(failures, [{ message: 'two' }])
})

t.test('what a turn brings is handled at its end, in order; the next turn starts anew', async (t) => {
  const handled: number[] = []
  const batch = createTurnBatch<number>((item) => handled.push(item), unexpected)
  t.teardown(() => batch.close())
  batch.add(1)
  batch.add(2)
  t.same(handled, [])
  await endOfTurn()
  t.same(handled, [1, 2])
  batch.add(3)
  await endOfTurn()
  t.same(handled, [1, 2, 3])
})

t.test('what is handed in while others are handled is not lost', async (t) => {
  const handled: number[] = []
  const batch = createTurnBatch<number>((item) => {
    handled.push(item)
    if (item === 1) batch.add(2)
  }, unexpected)
  t.teardown(() => batch.close())
  batch.add(1)
  await endOfTurn()
  await endOfTurn()
  t.same(handled, [1, 2])
})

t.test('a turn that brings very much does not hold it all', async (t) => {
  let handled = 0
  const batch = createTurnBatch<number>(() => (handled += 1), unexpected)
  t.teardown(() => batch.close())
  for (let i = 0; i < 1_000; i += 1) batch.add(i)
  t.equal(handled, 512)
  await endOfTurn()
  t.equal(handled, 1_000)
})

t.test('closing handles what is there, and leaves nothing behind in the process', async (t) => {
  const listeners = process.listenerCount('exit')
  const handled: number[] = []
  const batch = createTurnBatch<number>((item) => handled.push(item), unexpected)
  batch.add(1)
  batch.close()
  t.same(handled, [1])
  t.equal(process.listenerCount('exit'), listeners)
})

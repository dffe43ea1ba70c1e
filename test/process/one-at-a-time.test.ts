import t from 'tap'

import { oneAtATime } from '../../src/process/reload-on-change.ts'

function startWork() {
  const started: (() => void)[] = []
  const ask = oneAtATime(() => new Promise((resolve) => void started.push(resolve)))
  const finish = async (): Promise<void> => {
    started.at(-1)?.()
    await new Promise(setImmediate)
  }
  return { started, ask, finish }
}

t.test('work requested while it runs is repeated once afterwards, for any number of requests', async (t) => {
  const { started, ask, finish } = startWork()
  ask()
  ask()
  ask()
  t.equal(started.length, 1)
  await finish()
  t.equal(started.length, 2)
  await finish()
  t.equal(started.length, 2)
})

t.test('work requested after it has finished runs again at once', async (t) => {
  const { started, ask, finish } = startWork()
  ask()
  await finish()
  ask()
  t.equal(started.length, 2)
  await finish()
})

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

t.test(
  'work that is asked for while it is done is done once more afterwards, however often it was asked',
  async (t) => {
    const { started, ask, finish } = startWork()
    ask()
    ask()
    ask()
    t.equal(started.length, 1)
    await finish()
    t.equal(started.length, 2)
    await finish()
    t.equal(started.length, 2)
  },
)

t.test('work that is asked for after it was done is done again at once', async (t) => {
  const { started, ask, finish } = startWork()
  ask()
  await finish()
  ask()
  t.equal(started.length, 2)
  await finish()
})

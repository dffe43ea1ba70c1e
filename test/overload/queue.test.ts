import t from 'tap'

import { Queue } from '../../src/overload/queue.ts'
import { until } from '../support/until.ts'

/** A queue that records the outcome of each entry. */
function lineWith(maxWaitMs: number, now?: () => number) {
  const log: string[] = []
  const queue = new Queue(maxWaitMs, now)
  const join = (name: string) =>
    queue.join({ admit: () => void log.push(`admit ${name}`), refuse: () => void log.push(`refuse ${name}`) })
  return { queue, log, join }
}

t.test('entries are served in order, and removed ones are skipped', async (t) => {
  const { queue, log, join } = lineWith(60_000)
  const [a, b] = [join('a'), join('b')]
  join('c')
  queue.leave(b)
  queue.leave(b)
  t.equal(queue.size, 2)
  t.same([queue.admitNext(), queue.admitNext(), queue.admitNext()], [true, true, false])
  queue.leave(a)
  t.same([log, queue.size], [['admit a', 'admit c'], 0])
})

t.test('an entry that waited too long is refused, and a later one is not', async (t) => {
  let nowMs = 0
  const { queue, log, join } = lineWith(10, () => nowMs)
  join('a')
  join('b')
  nowMs = 5
  join('c')
  nowMs = 10
  await until(() => log.length > 0)
  t.same(log, ['refuse a', 'refuse b'])
  t.equal(queue.admitNext(), true)
  t.same(log.at(-1), 'admit c')
})

t.test('a queue serves any number of entries, one after the other', async (t) => {
  const { queue, log, join } = lineWith(60_000)
  for (let i = 0; i < 5_000; i += 1) {
    join(`${i}`)
    join(`${i}b`)
    queue.admitNext()
  }
  while (queue.admitNext());
  t.same([log.length, new Set(log).size, queue.size], [10_000, 10_000, 0])
  t.same(log.slice(0, 3), ['admit 0', 'admit 0b', 'admit 1'])
})

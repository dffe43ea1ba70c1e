import t from 'tap'

import { Line } from '../../src/overload/line.ts'
import { until } from '../support/until.ts'

/** A line that writes down what becomes of those in it. */
function lineWith(maxWaitMs: number, now?: () => number) {
  const log: string[] = []
  const line = new Line(maxWaitMs, now)
  const join = (name: string) =>
    line.join({ admit: () => void log.push(`admit ${name}`), refuse: () => void log.push(`refuse ${name}`) })
  return { line, log, join }
}

t.test('first come, first served, and what left is passed over', async (t) => {
  const { line, log, join } = lineWith(60_000)
  const [a, b] = [join('a'), join('b')]
  join('c')
  line.leave(b)
  line.leave(b)
  t.equal(line.size, 2)
  t.same([line.admitNext(), line.admitNext(), line.admitNext()], [true, true, false])
  line.leave(a)
  t.same([log, line.size], [['admit a', 'admit c'], 0])
})

t.test('what has waited for too long is refused, and what came later is not', async (t) => {
  let nowMs = 0
  const { line, log, join } = lineWith(10, () => nowMs)
  join('a')
  join('b')
  nowMs = 5
  join('c')
  nowMs = 10
  await until(() => log.length > 0)
  t.same(log, ['refuse a', 'refuse b'])
  t.equal(line.admitNext(), true)
  t.same(log.at(-1), 'admit c')
})

t.test('a line serves any number, one after the other', async (t) => {
  const { line, log, join } = lineWith(60_000)
  for (let i = 0; i < 5_000; i += 1) {
    join(`${i}`)
    join(`${i}b`)
    line.admitNext()
  }
  while (line.admitNext());
  t.same([log.length, new Set(log).size, line.size], [10_000, 10_000, 0])
  t.same(log.slice(0, 3), ['admit 0', 'admit 0b', 'admit 1'])
})

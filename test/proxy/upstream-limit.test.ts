import t from 'tap'

import { Admission, type AdmissionLimits } from '../../src/proxy/upstream-limit.ts'
import { until } from '../support/until.ts'

/** An admission that records in order which requests it admitted and refused. */
function admission(limits: Partial<AdmissionLimits>) {
  const log: string[] = []
  const gate = new Admission({ maxActive: 1, maxWaiting: 10, maxWaitMs: 60_000, ...limits })
  const enter = (name: string) => {
    const applicant = {
      admit: () => void log.push(`admit ${name}`),
      refuse: () => void log.push(`refuse ${name}`),
    }
    return gate.enter(applicant)
  }
  return { gate, log, enter }
}

t.test('requests are admitted in their order, up to the limit', async (t) => {
  const { gate, log, enter } = admission({})
  for (const name of ['a1', 'a2', 'b1']) enter(name)
  t.same([gate.active, gate.waiting, log], [1, 2, ['admit a1']])
  gate.leave()
  gate.leave()
  t.same(log, ['admit a1', 'admit a2', 'admit b1'])
  gate.leave()
  t.same([gate.active, gate.waiting], [0, 0])
  enter('c1')
  t.same(log.at(-1), 'admit c1')
})

t.test('a request beyond the limit of waiting requests is refused at once', async (t) => {
  const { gate, log, enter } = admission({ maxWaiting: 1 })
  for (const name of ['a1', 'b1', 'c1']) enter(name)
  t.same(log, ['admit a1', 'refuse c1'])
  gate.leave()
  gate.leave()
})

t.test('a cancelled request is not admitted', async (t) => {
  const { gate, log, enter } = admission({})
  enter('a1')
  const gone = enter('b1')
  enter('c1')
  t.equal(gate.withdraw(gone), true)
  t.equal(gate.withdraw(gone), false)
  gate.leave()
  t.same(log, ['admit a1', 'admit c1'])
  gate.leave()
})

t.test('a request that waits too long is refused', async (t) => {
  const { gate, log, enter } = admission({ maxWaiting: 1, maxWaitMs: 1 })
  enter('a')
  enter('b')
  await until(() => log.length > 1)
  t.same(log, ['admit a', 'refuse b'])
  t.same([gate.active, gate.waiting], [1, 0])
})

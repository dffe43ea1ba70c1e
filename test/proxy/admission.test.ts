import t from 'tap'

import { type AdmissionLimits, createAdmission, waitLimitMs } from '../../src/proxy/admission.ts'

/** An admission that writes down who was admitted and refused, in order. */
function admission(limits: Partial<AdmissionLimits>) {
  const log: string[] = []
  const gate = createAdmission({ maxActive: 1, maxWaiting: 10, maxWaitMs: 60_000, ...limits })
  const enter = (name: string) => {
    const applicant = {
      clientKey: name.slice(0, 1),
      admit: () => void log.push(`admit ${name}`),
      refuse: () => void log.push(`refuse ${name}`),
    }
    gate.enter(applicant)
    return applicant
  }
  return { gate, log, enter }
}

t.test('clients take turns, each in its own order', async (t) => {
  const { gate, log, enter } = admission({})
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']) enter(name)
  for (let i = 0; i < 6; i += 1) gate.leave()
  t.same(
    log,
    ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'].map((name) => `admit ${name}`),
  )
  gate.leave()
  t.same([gate.active, gate.waiting], [0, 0])
})

t.test('beyond the bound on waiting the refusal is immediate', async (t) => {
  const { gate, log, enter } = admission({ maxWaiting: 1 })
  for (const name of ['a1', 'b1', 'c1']) enter(name)
  t.same(log, ['admit a1', 'refuse c1'])
  gate.leave()
  gate.leave()
})

t.test('who gave up waiting is not admitted', async (t) => {
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

t.test('a wait that takes too long ends in a refusal', async (t) => {
  const gate = createAdmission({ maxActive: 1, maxWaiting: 1, maxWaitMs: 1 })
  gate.enter({ clientKey: 'a', admit: () => {}, refuse: () => t.fail('a was admitted') })
  await new Promise<void>((resolve) => {
    gate.enter({ clientKey: 'b', admit: () => t.fail('there is no room for b'), refuse: resolve })
  })
  t.same([gate.active, gate.waiting], [1, 0])
})

t.test('in a queue that stands for longer than anybody may wait, waits are short', async (t) => {
  const rows: [standingMs: number, limitMs: number][] = [
    [0, 10_000],
    [10_000, 10_000],
    [10_001, 1_000],
    [600_000, 1_000],
  ]
  for (const [standingMs, limitMs] of rows) t.equal(waitLimitMs(10_000, standingMs), limitMs, `${standingMs} ms`)
})

t.test('a queue stands from its first applicant on, until it is empty', async (t) => {
  let nowMs = 0
  const limits = { maxActive: 1, maxWaiting: 10, maxWaitMs: 10_000 }
  const gate = createAdmission(limits, () => nowMs)
  const refused: string[] = []
  const enter = (name: string) =>
    gate.enter({ clientKey: name, admit: () => {}, refuse: () => void refused.push(name) })
  const waits: number[] = []
  t.intercept(globalThis, 'setTimeout', { value: (_refuse: () => void, ms: number) => waits.push(ms) })
  for (const [name, atMs] of [
    ['a', 0],
    ['b', 0],
    ['c', 10_000],
    ['d', 10_001],
  ] as const) {
    nowMs = atMs
    enter(name)
  }
  t.same(waits, [10_000, 10_000, 1_000])
  for (let i = 0; i < 4; i += 1) gate.leave()
  nowMs = 50_000
  enter('e')
  enter('f')
  t.same(waits.slice(3), [10_000], 'a new queue is a burst again')
  t.same(refused, [])
})

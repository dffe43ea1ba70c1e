import t from 'tap'

import { createBackOff } from '../../../src/session/refresh/back-off.ts'

t.test('a session whose refresh failed is not retried for a delay that doubles up to half a minute', async (t) => {
  let now = 0
  const backOff = createBackOff(() => now)
  for (const seconds of [5, 10, 20, 30, 30]) {
    backOff.failed('a')
    now += seconds * 1_000 - 1
    t.ok(backOff.isWaiting('a'), `${seconds} s`)
    t.notOk(backOff.isWaiting('b'))
    now += 1
    t.notOk(backOff.isWaiting('a'))
  }
  backOff.succeeded('a')
  backOff.failed('a')
  now += 5_000
  t.notOk(backOff.isWaiting('a'), 'a success begins anew')
})

t.test(
  'after any failed refresh the login service counts as failing until a success, or for five seconds',
  async (t) => {
    let now = 0
    const backOff = createBackOff(() => now)
    t.notOk(backOff.isTroubled())
    backOff.failed('a')
    t.ok(backOff.isTroubled())
    now += 5_000
    t.notOk(backOff.isTroubled())
    backOff.failed('a')
    backOff.succeeded('b')
    t.notOk(backOff.isTroubled())
  },
)

t.test('a failure at another replica postpones the next attempt without doubling the delay', async (t) => {
  let now = 0
  const backOff = createBackOff(() => now)
  backOff.postponed('a')
  t.ok(backOff.isWaiting('a'))
  now += 5_000
  t.notOk(backOff.isWaiting('a'))
  backOff.failed('a')
  now += 5_000
  t.notOk(backOff.isWaiting('a'))
})

t.test('after a slow refresh other requests do not wait for a while', async (t) => {
  let now = 0
  const backOff = createBackOff(() => now)
  backOff.slowed()
  t.ok(backOff.isTroubled())
  now += 5_000
  t.notOk(backOff.isTroubled())
})

t.test('a refresh that failed before the clock was set back is tried again', async (t) => {
  let now = 18_000_000
  const backOff = createBackOff(() => now)
  backOff.failed('session-1')
  t.same([backOff.isWaiting('session-1'), backOff.isTroubled()], [true, true])
  now -= 3_600_000
  t.same([backOff.isWaiting('session-1'), backOff.isTroubled()], [false, false])
})

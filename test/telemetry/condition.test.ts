import t from 'tap'

import { condition, worstOfEach, worstStatus } from '../../src/telemetry/condition.ts'

t.test('a failure makes a condition degraded, never unavailable', async (t) => {
  t.same(condition('redis', undefined), { name: 'redis', status: 'ok' })
  t.same(condition('redis', 'away'), { name: 'redis', status: 'degraded', reason: 'away' })
})

t.test('of several conditions the worst counts', async (t) => {
  const [ok, degraded] = [condition('a', undefined), condition('b', 'away')]
  const unavailable = { name: 'c', status: 'unavailable' } as const
  t.equal(worstStatus([]), 'ok')
  t.equal(worstStatus([ok]), 'ok')
  t.equal(worstStatus([degraded, ok]), 'degraded')
  t.equal(worstStatus([degraded, unavailable, ok]), 'unavailable')
})

t.test('each condition shows the worst of all workers', async (t) => {
  const shown = worstOfEach([
    { name: 'auth0', status: 'ok' },
    { name: 'redis', status: 'degraded', reason: 'away' },
    { name: 'auth0', status: 'unavailable', reason: 'gone' },
    { name: 'redis', status: 'ok' },
  ])
  t.same(shown, [
    { name: 'auth0', status: 'unavailable', reason: 'gone' },
    { name: 'redis', status: 'degraded', reason: 'away' },
  ])
})

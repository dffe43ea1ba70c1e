import t from 'tap'

import type { Condition } from '../../src/health/plugin.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createBoard } from '../../src/workers/board.ts'
import { giveShown, shownByAll } from '../../src/workers/shown-by-all.ts'
import { startWorkersHouse } from './support.ts'

function startWorkers() {
  const { board, one, two } = startWorkersHouse()
  for (const [peers, status] of [
    [one, 'ok'],
    [two, 'degraded'],
  ] as const) {
    const metrics = createMetrics()
    metrics.decided('allow', 'none', 200, 0.01)
    metrics.condition('auth0', status === 'ok')
    const conditions = (): Condition[] => [{ name: 'auth0', status }]
    giveShown(peers, { conditions, scrape: async () => metrics.registry })
  }
  return board
}

t.test('readiness says how many workers serve, and the worst of what they say', async (t) => {
  const auth0 = { name: 'auth0', status: 'degraded' }
  const all = await shownByAll(startWorkers(), 2).conditions()
  t.same(all, [{ name: 'workers', status: 'ok' }, auth0])

  const fewer = await shownByAll(startWorkers(), 3).conditions()
  t.same(fewer, [{ name: 'workers', status: 'degraded', reason: '2 of 3 workers serve' }, auth0])

  const none = await shownByAll(
    createBoard(() => 0),
    2,
  ).conditions()
  t.same(none, [{ name: 'workers', status: 'unavailable', reason: '0 of 2 workers serve' }])
})

t.test('counts of all workers are added up; of conditions the worst is shown', async (t) => {
  const registry = await shownByAll(startWorkers(), 2).scrape()
  const text = await registry.metrics()
  t.match(text, 'stagedoor_requests_total{outcome="allow",reason="none",status="2xx"} 2')
  t.match(text, 'stagedoor_condition_ok{name="auth0"} 0')
  t.match(text, 'stagedoor_workers 2')
})

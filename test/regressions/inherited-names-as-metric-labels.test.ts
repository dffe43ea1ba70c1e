import t from 'tap'

import { createMetrics } from '../../src/telemetry/metrics.ts'
import { inheritedNames } from '../fuzz/support.ts'

t.test('a metric label named like an inherited property is counted like any other', async (t) => {
  const metrics = createMetrics()
  for (const name of new Set(inheritedNames)) {
    metrics.claimUnusable(name)
    metrics.claimUnusable(name)
    metrics.decided('deny', name, 403, 0.001)
  }
  metrics.showConditions([...new Set(inheritedNames)].map((name) => ({ name, status: 'ok' })))
  const lines = (await metrics.registry.metrics()).split('\n')
  for (const name of new Set(inheritedNames)) {
    t.ok(lines.includes(`stagedoor_claims_unusable_total{claim="${name}"} 2`), `${name} as claim`)
    t.ok(lines.includes(`stagedoor_condition_ok{name="${name}"} 1`), `${name} as condition`)
    const decided = `stagedoor_requests_total{outcome="deny",reason="${name}",status="4xx"} 1`
    t.ok(lines.includes(decided), `${name} as reason`)
  }
})

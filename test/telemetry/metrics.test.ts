import t from 'tap'

import { createMetrics } from '../../src/telemetry/metrics.ts'

t.test('a decided request is counted by outcome, reason and class of its status, and timed', async (t) => {
  const metrics = createMetrics()
  metrics.decided('deny', 'role-missing', 403, 0.002)
  const text = await metrics.registry.metrics()
  t.match(text, 'stagedoor_requests_total{outcome="deny",reason="role-missing",status="4xx"} 1')
  t.match(text, 'stagedoor_request_duration_seconds_bucket{le="0.001"} 0')
  t.match(text, 'stagedoor_request_duration_seconds_bucket{le="0.0025"} 1')
})

t.test('decisions are counted separately, and a second scrape has the same values', async (t) => {
  const metrics = createMetrics()
  for (const status of [403, 404, 503]) metrics.decided('deny', 'role-missing', status, 0)
  metrics.decided('deny', 'unauthenticated', 401, 0)
  for (const status of [200, 204, 404]) metrics.decided('allow', 'none', status, 0)
  metrics.decided('deny', 'none', 404, 0)
  const tallies = async () =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => /^stagedoor_request(?:s_total\{|_duration_seconds_count)/.test(line))
  const expected = [
    'stagedoor_requests_total{outcome="deny",reason="role-missing",status="4xx"} 2',
    'stagedoor_requests_total{outcome="deny",reason="role-missing",status="5xx"} 1',
    'stagedoor_requests_total{outcome="deny",reason="unauthenticated",status="4xx"} 1',
    'stagedoor_requests_total{outcome="allow",reason="none",status="2xx"} 2',
    'stagedoor_requests_total{outcome="allow",reason="none",status="4xx"} 1',
    'stagedoor_requests_total{outcome="deny",reason="none",status="4xx"} 1',
    'stagedoor_request_duration_seconds_count 8',
  ]
  t.same(await tallies(), expected)
  t.same(await tallies(), expected)
})

t.test('a condition is 1 while it is ok, else 0', async (t) => {
  const metrics = createMetrics()
  metrics.showConditions([{ name: 'gone', status: 'ok' }])
  metrics.showConditions([
    { name: 'auth0', status: 'ok' },
    { name: 'redis', status: 'degraded' },
  ])
  const text = await metrics.registry.metrics()
  t.match(text, 'stagedoor_condition_ok{name="auth0"} 1')
  t.match(text, 'stagedoor_condition_ok{name="redis"} 0')
  t.notMatch(text, 'gone', 'what no configuration asks for any more is not shown')
})

t.test('omitted groups are counted by reason', async (t) => {
  const metrics = createMetrics()
  metrics.groupsLeftOut(3, 1)
  metrics.groupsLeftOut(1, 0)
  const text = await metrics.registry.metrics()
  t.match(text, 'stagedoor_groups_left_out_total{why="filter"} 4')
  t.match(text, 'stagedoor_groups_left_out_total{why="max"} 1')
})

t.test('unusable claims are counted by name', async (t) => {
  const metrics = createMetrics()
  metrics.claimUnusable('email')
  metrics.claimUnusable('email')
  t.match(await metrics.registry.metrics(), 'stagedoor_claims_unusable_total{claim="email"} 2')
})

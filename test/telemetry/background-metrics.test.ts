import { Registry } from 'prom-client'
import t from 'tap'

import {
  countLoginServiceCalls,
  countRevocationDelays,
  showKeyAges,
  showTrail,
} from '../../src/telemetry/background-metrics.ts'
import { memorySink } from '../audit/support.ts'

t.test('the trail, its sinks and the keys show how they fare', async (t) => {
  const registry = new Registry()
  const [good, bad] = [memorySink(), memorySink()]
  bad.state.fails = true
  bad.sink.name = 'bad'
  showTrail(registry, { sinks: [good.sink, bad.sink], count: () => 7 })
  showKeyAges(registry, () => ({ audit: 3_000 }))
  countRevocationDelays(registry)(20)
  const text = await registry.metrics()
  for (const line of [
    'stagedoor_audit_records_total 7',
    'stagedoor_audit_sink_up{sink="memory"} 1',
    'stagedoor_audit_sink_up{sink="bad"} 0',
    'stagedoor_audit_sink_waiting{sink="bad"} 0',
    'stagedoor_audit_sink_lost_total{sink="memory"} 0',
    'stagedoor_signing_key_age_seconds{key="audit"} 3',
    'stagedoor_revocation_delay_seconds_sum 0.02',
  ])
    t.match(text, line)
  t.equal(await registry.metrics(), text, 'asked again, it says the same')
})

t.test('calls to the login service are counted, and what its rate limit leaves', async (t) => {
  const registry = new Registry()
  const answers = [
    new Response('', { headers: { 'x-ratelimit-remaining': '41' } }),
    new Response('', { status: 429, headers: { 'x-ratelimit-remaining': 'none' } }),
    new Response(''),
  ]
  const counted = countLoginServiceCalls(registry)('https://t', async () => {
    const answer = answers.shift()
    if (answer === undefined) throw new TypeError('fetch failed')
    return answer
  })
  await counted('https://t/a')
  await counted(new URL('https://t/b'))
  await counted('https://elsewhere/')
  await t.rejects(counted(new Request('https://t/c')), /fetch failed/)
  const text = await registry.metrics()
  t.match(text, 'stagedoor_login_service_calls_total{status="2xx"} 1')
  t.match(text, 'stagedoor_login_service_calls_total{status="4xx"} 1')
  t.match(text, 'stagedoor_login_service_calls_total{status="failed"} 1')
  t.match(text, 'stagedoor_login_service_calls_left 41')
})

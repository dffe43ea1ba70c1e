import { AggregatorRegistry, Registry } from 'prom-client'
import t from 'tap'

import {
  countLoginServiceCalls,
  countRevocationDelays,
  showConfig,
  showKeyAges,
  showTrail,
} from '../../src/telemetry/background-metrics.ts'
import { memorySink } from '../audit/support.ts'

t.test('metrics show the state of the trail, its sinks and the keys', async (t) => {
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

t.test('merged metrics of workers show the failing sink and the oldest key, not a sum', async (t) => {
  const workers = [1, 0].map(async (isUp, index) => {
    const registry = new Registry()
    const { sink, state } = memorySink()
    state.fails = isUp === 0
    showTrail(registry, { sinks: [sink], count: () => 1 })
    showKeyAges(registry, () => ({ assertion: (index + 1) * 1_000 }))
    return registry.getMetricsAsJSON()
  })
  const text = await AggregatorRegistry.aggregate(await Promise.all(workers)).metrics()
  t.match(text, 'stagedoor_audit_sink_up{sink="memory"} 0')
  t.match(text, 'stagedoor_signing_key_age_seconds{key="assertion"} 2')
  t.match(text, 'stagedoor_audit_records_total 2')
})

t.test('merged metrics of workers show each configuration in force once, and none before the first', async (t) => {
  const digests = ['a', 'a', 'b', undefined]
  const workers = digests.map(async (digest) => {
    const registry = new Registry()
    showConfig(registry, () => digest)
    return registry.getMetricsAsJSON()
  })
  const text = await AggregatorRegistry.aggregate(await Promise.all(workers)).metrics()
  t.same(text.match(/^stagedoor_config_info.*$/gm), [
    'stagedoor_config_info{digest="a"} 1',
    'stagedoor_config_info{digest="b"} 1',
  ])
})

t.test('the remaining calls have no value before the login service reports one', async (t) => {
  const registry = new Registry()
  const counted = countLoginServiceCalls(registry)('https://t', async () => new Response(''))
  await counted('https://t/a')
  t.notMatch(await registry.metrics(), /^stagedoor_login_service_calls_left \d/m)
})

t.test('calls to the login service are counted, with the rest of its rate limit', async (t) => {
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

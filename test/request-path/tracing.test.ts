import t from 'tap'

import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { startStack } from '../support/stack.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const client = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-forwarded-for': '203.0.113.7' }
const server = (trustedProxies: string[]) => ({ trustedProxies })

t.test('one trace spans the client of a trusted proxy, the stages of the gateway and the upstream', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const otlp = {
    protocol: 'http/json',
    endpoint: receiver.url,
    sampleRatio: 1,
    headers: [{ name: 'X-Key', value: 'a key' }],
  }
  const stack = await startStack(t, { config: { server: server(['127.0.0.0/8', '::1/128']), telemetry: { otlp } } })
  const headers = { ...client, tracestate: 'vendor=1' }
  t.equal((await fetch(`${stack.directUrl}/public/jane@example.com?secret=1`, { headers })).status, 200)
  await stack.app.close()

  const root = receiver.spans.find(({ kind }) => kind === 2)
  t.match(root, { traceId, parentSpanId: '00f067aa0ba902b7', name: 'GET' })
  const below = receiver.spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId)
  t.same(
    below.map(({ name }) => name),
    ['session', 'bearer', 'identity', 'policy', 'audit', 'assertion', 'proxy'],
  )
  const asked = stack.origin.seen.at(-1)?.headers
  t.equal(asked?.['traceparent'], `00-${traceId}-${root?.spanId}-01`)
  t.equal(asked?.['tracestate'], 'vendor=1')
  const said = new Map(root?.attributes.map(({ key, value }) => [key, value.stringValue]))
  t.equal(said.get('stagedoor.rule'), 'public')
  t.equal(said.get('stagedoor.upstream'), 'backstage')
  t.equal(said.get('url.path'), '/public/[redacted]')
  const [record] = stack.records()
  t.equal(record?.['trace_id'], traceId)
  t.equal(record?.['request_id'], said.get('stagedoor.request_id'))
  t.equal(receiver.asked[0]?.headers['x-key'], 'a key')
})

t.test(
  'the span of a stage that refuses is marked, and the trace of an untrusted client is not continued',
  async (t) => {
    const receiver = await startOtlpReceiver(t)
    const otlp = { protocol: 'http/json', endpoint: receiver.url, sampleRatio: 1 }
    const stack = await startStack(t, { config: { server: server([]), telemetry: { otlp } } })
    t.equal((await fetch(`${stack.directUrl}/private`, { headers: client })).status, 401)
    t.equal((await fetch(`${stack.directUrl}/.stagedoor/health/live`)).status, 200)
    t.equal((await fetch(`${stack.directUrl}/a//b`)).status, 400)
    await stack.app.close()
    const policy = receiver.spans.find(({ name }) => name === 'policy')
    t.match(policy?.status, { code: 2, message: 'STAGEDOOR_POLICY_UNAUTHENTICATED' })
    t.not(policy?.traceId, traceId)
    t.ok(receiver.spans.some(({ name }) => name === 'endpoint'))
  },
)

t.test('a trace receiver that refuses is logged once and affects no request', async (t) => {
  const receiver = await startOtlpReceiver(t, { status: 400 })
  const otlp = { protocol: 'http/json', endpoint: receiver.url, sampleRatio: 1 }
  const stack = await startStack(t, { config: { telemetry: { otlp } } })
  t.equal((await fetch(`${stack.directUrl}/public/x`)).status, 200)
  await stack.app.close()
  t.equal(stack.logged.filter(({ msg }) => String(msg).startsWith('spans do not reach')).length, 1)
})

import t from 'tap'

import { createTracing, type TracingOptions } from '../../src/telemetry/tracing.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

const theirs = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const received = (flags: string) => `00-${theirs.traceId}-${theirs.spanId}-${flags}`

const tracingTo = (endpoint: string, options: Partial<TracingOptions> = {}) =>
  createTracing({ endpoint, protocol: 'http/json', headers: {}, sampleRatio: 1, onSent: () => undefined, ...options })

t.test('the span of a request continues the received trace, and has a child for each stage', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const tracing = tracingTo(`${receiver.url}/`, { headers: { 'x-key': 'k' } })
  const request = tracing.begin('GET', received('01'))
  request.stage('session')
  request.stage('policy')
  request.fail('STAGEDOOR_POLICY_DENIED')
  request.end(403, { 'url.path': '/x' })
  await tracing.close()

  const [session, policy, root] = receiver.spans
  t.match(root, { name: 'GET', kind: 2, traceId: theirs.traceId, parentSpanId: theirs.spanId, status: { code: 0 } })
  t.equal(request.traceparent, `00-${theirs.traceId}-${root?.spanId}-01`)
  t.match(session, { name: 'session', traceId: theirs.traceId, parentSpanId: root?.spanId, status: { code: 0 } })
  t.match(policy, { name: 'policy', status: { code: 2, message: 'STAGEDOOR_POLICY_DENIED' } })
  t.match(root?.attributes, [
    { key: 'url.path', value: { stringValue: '/x' } },
    { key: 'http.response.status_code', value: { intValue: 403 } },
  ])
  t.match(receiver.asked, [{ url: '/v1/traces', headers: { 'x-key': 'k' } }])
})

t.test('a request without a trace starts one, and a server error marks its span', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const tracing = tracingTo(receiver.url)
  const request = tracing.begin('GET', undefined)
  request.stage('proxy')
  request.end(502, {})
  request.fail('after the end')
  await tracing.close()
  const root = receiver.spans.find(({ kind }) => kind === 2)
  t.equal(request.traceparent, `00-${root?.traceId}-${root?.spanId}-01`)
  t.notOk(root?.parentSpanId)
  t.match(root?.status, { code: 2 })
})

t.test('unsampled spans are not sent, and the upstream gets the sampling flag', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const tracing = tracingTo(receiver.url, { sampleRatio: 0 })
  const [unsampled, own] = [tracing.begin('GET', received('00')), tracing.begin('GET', undefined)]
  const sampledByProxy = tracing.begin('GET', received('01'))
  for (const request of [unsampled, own, sampledByProxy]) {
    request.stage('session')
    request.end(200, {})
  }
  await tracing.close()
  t.match(unsampled.traceparent, new RegExp(`^00-${theirs.traceId}-[0-9a-f]{16}-00$`))
  t.match(own.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  t.same(new Set(receiver.spans.map(({ traceId }) => traceId)), new Set([theirs.traceId]))
  t.equal(receiver.spans.length, 2)
})

t.test('each accepted or refused batch is reported', async (t) => {
  for (const status of [200, 400]) {
    const receiver = await startOtlpReceiver(t, { status })
    const reported: boolean[] = []
    const tracing = tracingTo(receiver.url, { onSent: (error) => void reported.push(error === undefined) })
    tracing.begin('GET', undefined).end(200, {})
    await tracing.close()
    t.same(reported, [status === 200])
  }
})

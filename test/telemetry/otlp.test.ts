import { readFile } from 'node:fs/promises'

import t from 'tap'

import { createAgentFor } from '../../src/process/outgoing-fetch.ts'
import { createLogSender } from '../../src/telemetry/otlp-logs.ts'
import type { AgentFor } from '../../src/telemetry/otlp.ts'
import { createTracing, type TracingOptions } from '../../src/telemetry/tracing.ts'
import { startCertificates } from '../support/certificates.ts'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

const targetOf = (endpoint: string, options: Partial<TracingOptions> = {}): TracingOptions => ({
  endpoint,
  protocol: 'http/json',
  headers: { 'x-key': 'k' },
  sampleRatio: 1,
  onSent: () => undefined,
  ...options,
})

t.test('a log line keeps its time, level, text and members, and has the span of its request', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const sender = createLogSender(targetOf(`${receiver.url}/`))
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const spanId = '00f067aa0ba902b7'
  const time = '2026-01-02T03:04:05.678Z'
  const line = { level: 'warn', time, requestId: 'r-1', err: { message: 'm' }, msg: 'this went wrong' }
  sender.take(`${JSON.stringify({ ...line, traceId, spanId })}\n`)
  sender.take(`${JSON.stringify({ level: 'info', time, msg: 'closing' })}\n`)
  await sender.close()
  t.match(receiver.asked, [{ url: '/v1/logs', headers: { 'x-key': 'k' } }])
  t.match(receiver.logs, [
    {
      timeUnixNano: `${Date.parse(time)}000000`,
      severityNumber: 13,
      severityText: 'warn',
      body: { stringValue: 'this went wrong' },
      traceId,
      spanId,
    },
    { severityNumber: 9, severityText: 'info', body: { stringValue: 'closing' } },
  ])
  const [first, second] = receiver.logs
  t.match(first?.attributes[0], { key: 'requestId', value: { stringValue: 'r-1' } })
  t.match(first?.attributes[1], { key: 'err' })
  t.notOk(second?.traceId)
})

t.test('a log line with a level unknown to OpenTelemetry is sent, and a refusing receiver is reported', async (t) => {
  const receiver = await startOtlpReceiver(t, { status: 400 })
  const failures: unknown[] = []
  const sender = createLogSender(targetOf(receiver.url, { onSent: (error) => failures.push(error) }))
  sender.take('{"level":"loud","time":"2026-01-02T03:04:05.678Z","msg":"a line"}')
  await sender.close()
  t.match(receiver.logs, [{ severityText: 'loud', body: { stringValue: 'a line' } }])
  t.match(failures, [Error])
})

t.test('protobuf is sent if configured', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const target = targetOf(receiver.url, { protocol: 'http/protobuf' })
  const [tracing, sender] = [createTracing(target), createLogSender(target)]
  tracing.begin('PATCH', undefined).end(200, { 'url.path': '/somewhere' })
  sender.take('{"level":"info","time":"2026-01-02T03:04:05.678Z","msg":"a line"}')
  await Promise.all([tracing.close(), sender.close()])
  const bodies = new Map(receiver.asked.map(({ url, body }) => [url, body.toString('latin1')]))
  t.match(bodies.get('/v1/traces'), /PATCH.*url\.path.*\/somewhere/s)
  t.match(bodies.get('/v1/logs'), /a line/)
  t.same(new Set(receiver.asked.map(({ headers }) => headers['content-type'])), new Set(['application/x-protobuf']))
})

t.test('environment variables of OpenTelemetry are ignored', async (t) => {
  const [receiver, other] = [await startOtlpReceiver(t), await startOtlpReceiver(t)]
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: other.url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${other.url}/v1/traces`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-stranger=1',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
    OTEL_RESOURCE_ATTRIBUTES: 'stranger=1',
    OTEL_SERVICE_NAME: 'stranger',
    OTEL_SDK_DISABLED: 'true',
    OTEL_TRACES_SAMPLER: 'always_off',
    OTEL_BSP_MAX_QUEUE_SIZE: '0',
  }
  Object.assign(process.env, variables)
  t.teardown(() => {
    for (const name of Object.keys(variables)) delete process.env[name]
  })
  const tracing = createTracing(targetOf(receiver.url))
  tracing.begin('GET', undefined).end(200, {})
  await tracing.close()
  t.equal(receiver.spans.length, 1)
  t.equal(other.asked.length, 0)
  t.match(receiver.asked, [{ headers: { 'content-encoding': 'gzip' } }])
  t.notMatch(JSON.stringify(receiver.asked[0]?.headers), 'stranger')
  t.notMatch(receiver.asked[0]?.body.toString(), 'stranger')
})

t.test(
  'OTLP goes through the proxy of the environment, unless NO_PROXY names the receiver, and trusts a private authority',
  async (t) => {
    const proxy = await startForwardProxy(t)
    const { certificate, key: keyFile } = await startCertificates(t)
    const [ca, key] = [await readFile(certificate, 'utf8'), await readFile(keyFile, 'utf8')]
    const receiver = await startOtlpReceiver(t, { tls: { cert: ca, key } })
    async function spanBy(agentFor: AgentFor): Promise<Error | undefined> {
      let failure: Error | undefined
      const tracing = createTracing(targetOf(receiver.url, { agentFor, onSent: (error) => (failure = error) }))
      tracing.begin('GET', undefined).end(200, {})
      await tracing.close()
      return failure
    }
    t.equal(await spanBy(createAgentFor({ HTTPS_PROXY: proxy.url }, ca)), undefined)
    t.equal(receiver.spans.length, 1)
    t.same(await proxy.asked(), [new URL(receiver.url).host])
    t.equal(await spanBy(createAgentFor({ https_proxy: proxy.url, NO_PROXY: 'localhost' }, ca)), undefined)
    t.equal(receiver.spans.length, 2)
    t.equal((await proxy.asked()).length, 1, 'this one went straight there')
    t.ok(await spanBy(createAgentFor({})), 'the authority is unknown without auth0.tls.ca')
    t.equal(receiver.spans.length, 2)
  },
)

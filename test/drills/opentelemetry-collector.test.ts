import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type Attributes, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import t, { type Test } from 'tap'

import { ensureCollector } from '../../scripts/testing/collector.ts'
import { createSpanExporter } from '../../src/telemetry/otlp.ts'
import { temporaryFolder } from '../audit/support.ts'
import { startPortal } from '../e2e/portal.ts'
import { endWithUs } from '../support/children.ts'
import { startCluster } from '../support/cluster.ts'
import { type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

t.setTimeout(1_800_000)

const mayBuild = process.env['DRILL_REPORT'] !== undefined
const found = process.env['OTELCOL'] ?? (mayBuild ? await ensureCollector((line) => t.comment(line)) : undefined)
const skip =
  found === undefined && 'no OpenTelemetry collector: `npm run drills` builds one with Go, or OTELCOL names one'

/** A real collector that receives protobuf and exports JSON for the test. */
async function startCollector(t: Test, binary: string) {
  const receiver = await startOtlpReceiver(t)
  const [port, folder] = [await freePort(), await temporaryFolder(t)]
  const file = join(folder, 'collector.yaml')
  const pipeline = { receivers: ['otlp'], exporters: ['otlphttp'] }
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { otlphttp: { endpoint: receiver.url, encoding: 'json' } },
    service: { pipelines: { traces: pipeline, logs: pipeline }, telemetry: { metrics: { level: 'none' } } },
  }
  await writeFile(file, JSON.stringify(config))
  const child = spawn(binary, ['--config', file], { stdio: 'ignore' })
  endWithUs(child)
  t.teardown(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  await until(() =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  )
  return { url, spans: receiver.spans, logs: receiver.logs }
}

/** Another service that sends its spans to the same collector. */
function createService(name: string, endpoint: string) {
  const target = { endpoint, protocol: 'http/protobuf', headers: {}, onSent: () => undefined } as const
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': name }),
    spanProcessors: [new SimpleSpanProcessor({ exporter: createSpanExporter(target) })],
  })
  const tracer = provider.getTracer(name)
  return {
    close: () => provider.shutdown(),
    span(kind: SpanKind, traceparent?: string, attributes: Attributes = {}) {
      const [, traceId = '', spanId = ''] = traceparent?.split('-') ?? []
      const parent = { traceId, spanId, traceFlags: 1, isRemote: true }
      const context = traceparent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
      return tracer.startSpan(name, { kind, attributes }, context)
    },
  }
}

t.test(
  'a real collector gets one trace across client, gateway and upstream, and its log lines',
  { skip },
  async (t) => {
    const collector = await startCollector(t, found ?? '')
    const [client, backstage] = ['client', 'backstage'].map((name) => createService(name, collector.url))
    if (client === undefined || backstage === undefined) return
    const gateway = await startCluster(t, {
      workers: 1,
      logLevel: 'info',
      server: { trustedProxies: ['127.0.0.1/32'] },
      telemetry: { otlp: { endpoint: collector.url, signals: ['traces', 'logs'], sampleRatio: 0 } },
      upstream(request, response) {
        backstage.span(SpanKind.SERVER, String(request.headers['traceparent'])).end()
        response.end()
      },
    })
    const cookie = await gateway.signIn()
    const root = client.span(SpanKind.CLIENT)
    const { traceId, spanId } = root.spanContext()
    const headers = { cookie, traceparent: `00-${traceId}-${spanId}-01`, 'x-forwarded-for': '203.0.113.7' }
    t.equal((await gateway.ask('/somewhere', headers)).status, 200)
    t.equal((await gateway.ask('/refused', { ...headers, cookie: '' })).status, 401)
    root.end()
    await gateway.stop()
    await Promise.all([client.close(), backstage.close()])

    const ofTrace = () => collector.spans.filter((span) => span.traceId === traceId)
    const isUpstream = ({ name }: ReceivedSpan) => name === 'backstage'
    await until(() => ofTrace().some(isUpstream) && ofTrace().some(({ name }) => name === 'proxy'))
    const upstream = ofTrace().find(isUpstream)
    const server = ofTrace().find((span) => span.spanId === upstream?.parentSpanId)
    t.match(server, { kind: 2, parentSpanId: spanId, name: 'GET' })
    t.ok(ofTrace().find((span) => span.spanId === spanId && span.name === 'client'))
    const stages = ofTrace().filter(({ parentSpanId }) => parentSpanId === server?.spanId)
    t.comment(ofTrace().map(({ name, parentSpanId }) => `${name} < ${parentSpanId}`))
    t.ok(stages.some(({ name }) => name === 'policy'))
    await until(() => collector.logs.some((line) => line.traceId === traceId))
    t.match(
      collector.logs.find((line) => line.traceId === traceId),
      { severityText: 'info' },
    )
  },
)

t.test('the spans of a real Backstage are children of those of the gateway', { skip }, async (t) => {
  const collector = await startCollector(t, found ?? '')
  process.env['OTLP_ENDPOINT'] = collector.url
  t.teardown(() => delete process.env['OTLP_ENDPOINT'])
  const portal = await startPortal(t, {
    config: { telemetry: { otlp: { endpoint: collector.url, sampleRatio: 1 } } },
    preload: join(import.meta.dirname, 'report-spans.ts'),
  })
  const { browser } = await portal.signIn()
  t.equal((await browser.fetch(`${portal.url}/api/auth/stagedoor/refresh`)).status, 200)
  await portal.app.close()
  const isAsked = ({ name, attributes }: ReceivedSpan, service: string) =>
    name === service && attributes.some(({ value }) => value.stringValue === '/api/auth/stagedoor/refresh')
  await until(() => collector.spans.some((span) => isAsked(span, 'GET')))
  await until(() => collector.spans.some((span) => isAsked(span, 'backstage')))
  const gateway = collector.spans.find((span) => isAsked(span, 'GET'))
  const backstage = collector.spans.find((span) => isAsked(span, 'backstage'))
  t.match(backstage, { traceId: gateway?.traceId, parentSpanId: gateway?.spanId })
})

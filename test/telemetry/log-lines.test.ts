import t from 'tap'

import { startCluster } from '../support/cluster.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'

t.setTimeout(120_000)

t.test('log lines go to the receiver, with trace and span of their request, and to standard output', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const otlp = { endpoint: receiver.url, protocol: 'http/json', signals: ['traces', 'logs'], sampleRatio: 1 }
  const gateway = await startCluster(t, { workers: 1, logLevel: 'info', telemetry: { otlp } })
  const refused = await gateway.ask('/a//b')
  const denied = await gateway.ask('/somewhere')
  await until(() => gateway.logged.some(({ requestId }) => requestId === denied.headers['x-request-id']))
  await gateway.stop()
  const idOf = ({ attributes }: (typeof receiver.logs)[number]) =>
    attributes.find(({ key }) => key === 'requestId')?.value.stringValue
  t.ok(receiver.logs.find((line) => idOf(line) === refused.headers['x-request-id']))
  const line = receiver.logs.find((each) => idOf(each) === denied.headers['x-request-id'])
  const span = receiver.spans.find(({ traceId, kind }) => traceId === line?.traceId && kind === 2)
  t.match(line, { spanId: span?.spanId, severityText: 'info' })
  t.match(
    gateway.logged.find(({ requestId }) => requestId === denied.headers['x-request-id']),
    {
      traceId: span?.traceId,
      spanId: span?.spanId,
    },
  )
  t.ok(
    receiver.logs.some(({ body }) => /closing/.test(String(body.stringValue))),
    'the last lines are sent at the end',
  )
})

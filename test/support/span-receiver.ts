import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

import type { Test } from 'tap'

type Value = { stringValue?: string; intValue?: number }

/** A span as OTLP writes it in JSON. */
export type ReceivedSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: Value }[]
  status: { code: number; message?: string }
}

type Export = { resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[] }

/** A receiver of OTLP over HTTP that keeps the spans. */
export async function startSpanReceiver(t: Test, { status = 200 } = {}) {
  const spans: ReceivedSpan[] = []
  const asked: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  async function keep(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as Export
    asked.push({ url: request.url, headers: request.headers })
    for (const { scopeSpans } of body.resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans)
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer((request, response) => void keep(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, asked }
}

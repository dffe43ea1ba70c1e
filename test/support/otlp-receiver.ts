import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

import type { Test } from 'tap'

type Value = { stringValue?: string; intValue?: number }
type Attributes = { key: string; value: Value }[]

/** A span as OTLP writes it in JSON. */
export type ReceivedSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attributes
  status: { code: number; message?: string }
}

/** A line of the log as OTLP writes it in JSON. */
export type ReceivedLog = {
  timeUnixNano: string
  severityNumber: number
  severityText: string
  body: Value
  attributes: Attributes
  traceId?: string
  spanId?: string
}

type Export = {
  resourceSpans?: { scopeSpans: { spans: ReceivedSpan[] }[] }[]
  resourceLogs?: { scopeLogs: { logRecords: ReceivedLog[] }[] }[]
}

export type OtlpReceiverOptions = { status?: number; tls?: { cert: string; key: string } }

/** A receiver of OTLP over HTTP that records JSON messages, and the bytes of all others. */
export async function startOtlpReceiver(t: Test, { status = 200, tls }: OtlpReceiverOptions = {}) {
  const spans: ReceivedSpan[] = []
  const logs: ReceivedLog[] = []
  const asked: { url: string | undefined; headers: IncomingHttpHeaders; body: Buffer }[] = []

  async function keep(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await buffer(request)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    asked.push({ url: request.url, headers: request.headers, body })
    if (request.headers['content-type'] === 'application/json') {
      const { resourceSpans = [], resourceLogs = [] } = JSON.parse(body.toString()) as Export
      for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans.map(filled))
      for (const { scopeLogs } of resourceLogs)
        for (const scope of scopeLogs) logs.push(...scope.logRecords.map(filled))
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  }
  const listener: RequestListener = (request, response) => void keep(request, response)
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`
  return { url, spans, logs, asked }
}

/** A collector omits empty members. */
function filled<Item>(item: Item): Item {
  return { attributes: [], ...item }
}

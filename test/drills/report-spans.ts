/** `--import` loads this file before a Node server. It sends a span for each request to `OTLP_ENDPOINT`, as a child of the caller's. */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'

import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { createSpanExporter } from '../../src/telemetry/otlp.ts'

const endpoint = process.env['OTLP_ENDPOINT'] ?? ''
const exporter = createSpanExporter({ endpoint, protocol: 'http/protobuf', headers: {}, onSent: () => undefined })
const provider = new TracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'backstage' }),
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
})
const tracer = provider.getTracer('backstage')

subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage }
  const [, traceId = '', spanId = ''] = String(request.headers['traceparent']).split('-')
  const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true })
  tracer.startSpan('backstage', { kind: SpanKind.SERVER, attributes: { 'url.path': request.url ?? '' } }, context).end()
})

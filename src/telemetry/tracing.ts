import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

import { createSpanExporter, otlpTimeoutMs, type OtlpTarget, stagedoorResource } from './otlp.ts'

export type Tracing = ReturnType<typeof createTracing>

/** The span of one request, with a child span for each stage. */
export type RequestTrace = ReturnType<Tracing['begin']>

export type TracingOptions = OtlpTarget & {
  /** The share of traces that are recorded, from 0 to 1, of those that begin here. */
  sampleRatio: number
}

/** Traces with the official SDK, sent as OTLP over HTTP. Sets nothing globally. */
export function createTracing({ sampleRatio, ...target }: TracingOptions) {
  const exporter = createSpanExporter(target)
  const provider = new TracerProvider({
    resource: stagedoorResource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: otlpTimeoutMs })],
  })
  const tracer = provider.getTracer('stagedoor')

  /**
   * Begins the trace of a request.
   * @param received the `traceparent` of a trusted proxy
   */
  function begin(method: string, received: string | undefined) {
    const root = tracer.startSpan(method, { kind: SpanKind.SERVER }, contextOf(received))
    const context = trace.setSpan(ROOT_CONTEXT, root)
    let running: Span | undefined
    return {
      /** Identifies the span of the request, and states whether it is recorded. */
      traceparent: traceparentOf(root),
      /** Ends the span of the current stage, and begins that of the next. */
      stage(name: string): void {
        running?.end()
        running = root.isRecording() ? tracer.startSpan(name, {}, context) : undefined
      },
      /** Ends the span of the current stage with an error. */
      fail(code: string): void {
        running?.setStatus({ code: SpanStatusCode.ERROR, message: code }).end()
        running = undefined
      },
      end(status: number, attributes: Attributes): void {
        running?.end()
        root.setAttributes(attributes).setAttribute('http.response.status_code', status)
        if (status >= 500) root.setStatus({ code: SpanStatusCode.ERROR })
        root.end()
      },
    }
  }

  /** Sends the remaining spans. A failure to send has already been reported. */
  const close = (): Promise<void> => provider.shutdown().catch(() => undefined)
  return { begin, close }
}

function contextOf(received: string | undefined) {
  if (received === undefined) return ROOT_CONTEXT
  const [, traceId = '', spanId = '', flags = ''] = received.split('-')
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, parent)
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

import { type Attributes, ROOT_CONTEXT, SeverityNumber, trace } from '@opentelemetry/api'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'

import { createLogExporter, otlpTimeoutMs, type OtlpTarget, stagedoorResource } from './otlp.ts'

export type LogSender = ReturnType<typeof createLogSender>

const severities: ReadonlyMap<unknown, SeverityNumber> = new Map([
  ['trace', SeverityNumber.TRACE],
  ['debug', SeverityNumber.DEBUG],
  ['info', SeverityNumber.INFO],
  ['warn', SeverityNumber.WARN],
  ['error', SeverityNumber.ERROR],
  ['fatal', SeverityNumber.FATAL],
])

/** Sends the lines of the log as OTLP. */
export function createLogSender(target: OtlpTarget) {
  const exporter = createLogExporter(target)
  const provider = new LoggerProvider({
    resource: stagedoorResource,
    processors: [new BatchLogRecordProcessor({ exporter, exportTimeoutMillis: otlpTimeoutMs })],
  })
  const logger = provider.getLogger('stagedoor')
  return {
    /** @param line JSON, redacted */
    take(line: string): void {
      const { level, time, msg, traceId, spanId, ...attributes } = JSON.parse(line) as Attributes
      logger.emit({
        timestamp: new Date(String(time)),
        severityNumber: severities.get(level) ?? SeverityNumber.UNSPECIFIED,
        severityText: String(level),
        body: String(msg),
        attributes,
        context: contextOf(traceId, spanId),
      })
    },
    /** Sends the remaining lines. A failure to send has already been reported. */
    close: (): Promise<void> => provider.shutdown().catch(() => undefined),
  }
}

/** Links the line to the span of its request. */
function contextOf(traceId: unknown, spanId: unknown) {
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 0 })
}

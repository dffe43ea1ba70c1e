import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base'
import { createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http'
import {
  type IExporterMetricsHelper,
  type ISerializer,
  JsonLogsSerializer,
  JsonTraceSerializer,
  LogsExporterMetricsHelper,
  ProtobufLogsSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'

/** Creates the agent for requests that Stagedoor itself sends. @param protocol `http:` or `https:` */
export type AgentFor = (protocol: string) => HttpAgent

/** A receiver of OTLP over HTTP. */
export type OtlpTarget = {
  /** `/v1/traces` and `/v1/logs` are below it. */
  endpoint: string
  protocol: 'http/protobuf' | 'http/json'
  headers: Readonly<Record<string, string>>
  agentFor?: AgentFor | undefined
  /** Called for each batch, with the error if sending failed. */
  onSent: (error: Error | undefined) => void
}

export const otlpTimeoutMs = 5_000

export const stagedoorResource = resourceFromAttributes({ 'service.name': 'stagedoor' })

export function createSpanExporter(target: OtlpTarget) {
  const serializer = target.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer
  return createExporter(target, 'traces', { serializer, metrics: TraceExporterMetricsHelper })
}

export function createLogExporter(target: OtlpTarget) {
  const serializer = target.protocol === 'http/json' ? JsonLogsSerializer : ProtobufLogsSerializer
  return createExporter(target, 'logs', { serializer, metrics: LogsExporterMetricsHelper })
}

type Form<Items, Response> = { serializer: ISerializer<Items, Response>; metrics: IExporterMetricsHelper<Items> }

/**
 * Built from the parts of the official exporters. The exporters themselves also read the environment
 * (`OTEL_EXPORTER_OTLP_…`), which would be a second configuration that no check covers.
 */
function createExporter<Items, Response>(
  { endpoint, protocol, headers, agentFor = plainAgent, onSent }: OtlpTarget,
  signal: 'traces' | 'logs',
  { serializer, metrics }: Form<Items, Response>,
) {
  const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  const options = {
    url: `${endpoint.replace(/\/$/, '')}/v1/${signal}`,
    headers: async () => ({ ...headers, 'Content-Type': contentType }),
    timeoutMillis: otlpTimeoutMs,
    concurrencyLimit: 4,
    compression: 'gzip' as const,
    agentFactory: agentFor,
  }
  const delegate = createOtlpHttpExportDelegate(options, serializer, `otlp_http_${signal}`, metrics, undefined)
  const sender = new OTLPExporterBase(delegate)
  return {
    export(items: Items, done: Parameters<typeof sender.export>[1]): void {
      sender.export(items, (result) => {
        onSent(result.error)
        done(result)
      })
    },
    forceFlush: () => sender.forceFlush(),
    shutdown: () => sender.shutdown(),
  }
}

function plainAgent(protocol: string): HttpAgent {
  return protocol === 'http:' ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true })
}

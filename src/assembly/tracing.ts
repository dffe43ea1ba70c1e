import type { Config } from '../config/schema.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Tracing } from '../telemetry/tracing.ts'

/** Undefined where no traces are made: OpenTelemetry is not even loaded then. */
export async function provisionTracing({ telemetry }: Config, logger: Logger): Promise<Tracing | undefined> {
  const { otlp } = telemetry
  if (otlp === undefined) return undefined
  const { createTracing } = await import('../telemetry/tracing.ts')
  let isFailing = false
  return createTracing({
    endpoint: otlp.endpoint,
    headers: Object.fromEntries(otlp.headers.map(({ name, value }) => [name, value.reveal()])),
    sampleRatio: otlp.sampleRatio,
    // Once for each time that it begins to fail, not for each batch.
    onSent(err) {
      if (err !== undefined && !isFailing) logger.warn({ err }, 'spans do not reach telemetry.otlp.endpoint')
      isFailing = err !== undefined
    },
  })
}

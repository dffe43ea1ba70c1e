import type { Config } from '../config/schema.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { LogSender } from '../telemetry/otlp-logs.ts'
import type { AgentFor, OtlpTarget } from '../telemetry/otlp.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Holding } from './kept-across-reloads.ts'

type Surroundings = { logger: Pick<Logger, 'warn'>; agentFor?: AgentFor | undefined }
type Otlp = NonNullable<Config['telemetry']['otlp']>

/** Undefined where no traces are made: OpenTelemetry is not even loaded then. */
export async function provisionTracing(
  { telemetry: { otlp } }: Config,
  surroundings: Surroundings,
  holding: Holding,
): Promise<Tracing | undefined> {
  if (otlp?.signals.includes('traces') !== true) return undefined
  return holding.part({
    name: 'tracing',
    settings: otlp,
    async make() {
      const { createTracing } = await import('../telemetry/tracing.ts')
      return createTracing({ ...targetOf(otlp, 'spans', surroundings), sampleRatio: otlp.sampleRatio })
    },
    close: (tracing) => tracing.close(),
    isNeededByRequests: true,
  })
}

/** Undefined where log lines are not sent by OTLP. */
export async function provisionLogSender(
  { telemetry: { otlp } }: Pick<Config, 'telemetry'>,
  surroundings: Surroundings,
): Promise<LogSender | undefined> {
  if (otlp?.signals.includes('logs') !== true) return undefined
  const { createLogSender } = await import('../telemetry/otlp-logs.ts')
  return createLogSender(targetOf(otlp, 'log lines', surroundings))
}

function targetOf({ endpoint, protocol, headers }: Otlp, what: string, { logger, agentFor }: Surroundings): OtlpTarget {
  let isFailing = false
  return {
    endpoint,
    protocol,
    headers: Object.fromEntries(headers.map(({ name, value }) => [name, value.reveal()])),
    agentFor,
    // Once for each time that it begins to fail, not for each batch.
    onSent(err) {
      if (err !== undefined && !isFailing) logger.warn({ err }, `${what} do not reach telemetry.otlp.endpoint`)
      isFailing = err !== undefined
    },
  }
}

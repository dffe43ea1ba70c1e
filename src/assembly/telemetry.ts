import type { Keys } from '../assertion/keys.ts'
import type { Trail } from '../audit/trail.ts'
import type { Config } from '../config/schema.ts'
import type { OnUnusable, UnusableClaim } from '../oidc/claim-values.ts'
import type { Mark } from '../revocation/mark.ts'
import { matchKey, createPathMatcher } from '../rule-matching/paths.ts'
import { createRefreshCounters } from '../session/refresh/refresh-once.ts'
import {
  countLoginServiceCalls,
  countRevocationDelays,
  showConfig,
  showKeyAges,
  showTrail,
  showRefreshes,
} from '../telemetry/background-metrics.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import type { LogSender } from '../telemetry/otlp-logs.ts'
import type { AgentFor, OtlpTarget } from '../telemetry/otlp.ts'
import type { RequestLineOptions } from '../telemetry/request-line.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

type NamedKeys = Readonly<Record<string, Pick<Keys, 'rotatedAt'>>>

/** The metrics and counters. They keep counting from the start of the process, across reloads. */
export function provisionFigures({ now }: Dependencies, trail: Trail, holding: Holding) {
  return holding.part({ name: 'figures', make: () => createFigures(now, trail) })
}

export type Figures = ReturnType<typeof createFigures>

function createFigures(now: () => number, trail: Trail) {
  const metrics = createMetrics()
  const { registry } = metrics
  const counters = createRefreshCounters()
  let inForce: { digest: string | undefined; keys: NamedKeys } = { digest: undefined, keys: {} }
  showRefreshes(registry, counters)
  showTrail(registry, trail)
  showKeyAges(registry, () => agesOf(now(), inForce.keys))
  showConfig(registry, () => inForce.digest)
  const noteDelay = countRevocationDelays(registry)
  return {
    metrics,
    counters,
    countCalls: countLoginServiceCalls(registry),
    /** Sets the digest of the configuration in force, and the keys in use. */
    show: (digest: string, keys: NamedKeys) => void (inForce = { digest, keys }),
    /** Measures the delay of revocations of several sessions. A mark for a single session contains no time of its revocation. */
    noteRevocations: (news: readonly Mark[]): void => {
      for (const { kind, at } of news) if (kind !== 'session') noteDelay(now() - at)
    },
  }
}

function agesOf(now: number, keys: NamedKeys): Record<string, number> {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, now - key.rotatedAt()]))
}

/** Decides which requests get a line in the log. */
export function requestLineOf({ log, audit }: Config, { logger }: Dependencies): RequestLineOptions {
  const { quiet, sampleRatio } = log.requests
  const matchers = quiet.map(createPathMatcher)
  return {
    logger,
    hasRecords: audit.sinks.some(({ stdout }) => stdout !== undefined),
    isQuiet(path) {
      const key = matchKey(path)
      return matchers.some((covers) => covers(key))
    },
    sampleRatio,
  }
}

/** Bounds the memory of reported claims: a pattern in the configuration can match any number of claims. */
const maxClaims = 100

/** Logs each claim that cannot be used once per process, and counts every occurrence. */
export function createClaimReport(logger: Logger, metrics: Pick<Metrics, 'claimUnusable'>): OnUnusable {
  const named = new Set<string>()
  return (unusable) => {
    const key = keyOf(unusable)
    const isNew = !named.has(key)
    if (isNew && named.size >= maxClaims) return metrics.claimUnusable('other')
    metrics.claimUnusable(unusable.claim)
    if (!isNew) return
    named.add(key)
    logger.warn(
      unusable,
      'a claim has the wrong type and is left out; run stagedoor token verify with the token for details',
    )
  }
}

function keyOf({ claim, found }: UnusableClaim): string {
  return `${claim} ${found}`
}

type Surroundings = { logger: Pick<Logger, 'warn'>; agentFor?: AgentFor | undefined }
type Otlp = NonNullable<Config['telemetry']['otlp']>

/** Undefined when traces are off; OpenTelemetry is not loaded then. */
export async function provisionTracing(
  { telemetry: { otlp }, auth0 }: Config,
  surroundings: Surroundings,
  holding: Holding,
): Promise<Tracing | undefined> {
  if (otlp?.signals.includes('traces') !== true) return undefined
  return holding.part({
    name: 'tracing',
    // Its connections also trust the certificate authorities in auth0.tls.
    settings: [otlp, auth0.tls],
    async make() {
      const { createTracing } = await import('../telemetry/tracing.ts')
      return createTracing({ ...targetOf(otlp, 'spans', surroundings), sampleRatio: otlp.sampleRatio })
    },
    close: (tracing) => tracing.close(),
    isNeededByRequests: true,
  })
}

/** Undefined when log lines are not sent by OTLP. */
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
    // Logs only the first failure in a row, not each batch.
    onSent(err) {
      if (err !== undefined && !isFailing) logger.warn({ err }, `${what} do not reach telemetry.otlp.endpoint`)
      isFailing = err !== undefined
    },
  }
}

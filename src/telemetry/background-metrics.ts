// This folder: log and metrics.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { Sink } from '../audit/sinks/sink.ts'
import type { RefreshCounters } from '../session/refresh/refresh-once.ts'

type Trail = { readonly sinks: readonly Sink[]; count: () => number }

/** Metrics of the audit trail, read at each scrape. */
export function showTrail(registry: Registry, trail: Trail): void {
  registry.registerMetric(
    new Counter({
      name: 'stagedoor_audit_records_total',
      help: 'Records of the audit trail.',
      registers: [],
      collect() {
        this.reset()
        this.inc(trail.count())
      },
    }),
  )
  showCounts(registry, 'sink', {
    name: 'stagedoor_audit_sink_lost_total',
    help: 'Records that a sink dropped because its queue was full.',
    read: () => trail.sinks.map((sink) => [sink.name, sink.status().lost]),
  })
  showValues(registry, 'sink', {
    name: 'stagedoor_audit_sink_up',
    help: 'Whether a sink of the audit trail takes records: 1 or 0.',
    aggregator: 'min',
    read: () => trail.sinks.map((sink) => [sink.name, sink.status().reason === undefined ? 1 : 0]),
  })
  showValues(registry, 'sink', {
    name: 'stagedoor_audit_sink_waiting',
    help: 'Records that a sink has not handed on yet.',
    aggregator: 'sum',
    read: () => trail.sinks.map((sink) => [sink.name, sink.status().waiting]),
  })
}

/** @param ages returns the age of each signing key in milliseconds, by purpose */
export function showKeyAges(registry: Registry, ages: () => Readonly<Record<string, number>>): void {
  showValues(registry, 'key', {
    name: 'stagedoor_signing_key_age_seconds',
    help: 'Time since the last rotation of a key; more than rotateEvery means that rotation fails.',
    aggregator: 'max',
    read: () => Object.entries(ages()).map(([key, ageMs]) => [key, ageMs / 1000]),
  })
}

/** @param digest returns the digest of the configuration in force, as in the audit trail; undefined while there is none */
export function showConfig(registry: Registry, digest: () => string | undefined): void {
  showValues(registry, 'digest', {
    name: 'stagedoor_config_info',
    help: 'Always 1; the label is the digest of the configuration in force, secrets left out. Several digests: replicas differ.',
    aggregator: 'max',
    read() {
      const inForce = digest()
      return inForce === undefined ? [] : [[inForce, 1]]
    },
  })
}

/** @returns a function that counts one delay, in milliseconds, from a revocation until this process was notified */
export function countRevocationDelays(registry: Registry): (delayMs: number) => void {
  const delays = new Histogram({
    name: 'stagedoor_revocation_delay_seconds',
    help: 'Time from the revocation of sessions anywhere until this process knew it.',
    buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  })
  return (delayMs) => delays.observe(Math.max(0, delayMs) / 1000)
}

/** Counts calls to the login service by outcome, and shows how many calls its rate limit still allows (Auth0's headers). */
export function countLoginServiceCalls(registry: Registry): (origin: string, send: typeof fetch) => typeof fetch {
  const calls = new Counter({
    name: 'stagedoor_login_service_calls_total',
    help: 'Calls to the login service by class of the status; `failed` where it did not answer.',
    labelNames: ['status'],
    registers: [registry],
  })
  const left = new Gauge({
    name: 'stagedoor_login_service_calls_left',
    help: 'Calls that the login service’s rate limit leaves, as last reported (X-RateLimit-Remaining).',
    aggregator: 'min',
    registers: [registry],
  })
  // Show no value until the service has sent one: the initial 0 of a gauge would mean that no calls are left.
  left.remove()
  return (origin, send) =>
    async (...given) => {
      if (!isFor(origin, given[0])) return send(...given)
      try {
        const response = await send(...given)
        calls.inc({ status: `${Math.floor(response.status / 100)}xx` })
        const remaining = response.headers.get('x-ratelimit-remaining')
        if (remaining !== null && /^\d{1,9}$/.test(remaining)) left.set(Number(remaining))
        return response
      } catch (error) {
        calls.inc({ status: 'failed' })
        throw error
      }
    }
}

function isFor(origin: string, input: string | URL | Request): boolean {
  const url = input instanceof Request ? input.url : String(input)
  return url.startsWith(`${origin}/`)
}

/** Exports the refresher's counts of session refreshes. The registry reads them at each scrape. */
export function showRefreshes(registry: Registry, counters: Readonly<RefreshCounters>): void {
  showCounts(registry, 'outcome', {
    name: 'stagedoor_session_refreshes_total',
    help: 'Refreshes of sessions by outcome: refreshed, shared (by another replica), ended (refused), failed (tried again).',
    read() {
      const { refreshed, shared, ended, failed } = counters
      return Object.entries({ refreshed, shared, ended, failed })
    },
  })
  showCounts(registry, 'outcome', {
    name: 'stagedoor_session_stale_requests_total',
    help: 'Requests of sessions that were due to be refreshed and could not be: served meanwhile, or refused past session.maxStale.',
    read: () => Object.entries({ served: counters.servedAsStale, refused: counters.refusedAsStale }),
  })
}

/** A metric with one label. `read` returns its values at each scrape. */
type Read = { name: string; help: string; read: () => (readonly [label: string, value: number])[] }

/** The methods that counters and gauges share. */
type Written = { reset(): void; inc(labels: Record<string, string>, value: number): void }

function showCounts(registry: Registry, labelName: string, read: Read): void {
  registry.registerMetric(new Counter({ ...shown(labelName, read), registers: [] }))
}

/** @param read the metric, with the way to aggregate the values of several workers */
function showValues(registry: Registry, labelName: string, read: Read & { aggregator: 'min' | 'max' | 'sum' }): void {
  registry.registerMetric(new Gauge({ ...shown(labelName, read), aggregator: read.aggregator, registers: [] }))
}

/** Resets the values at each scrape, because a label of the last scrape, such as a sink, may be gone. */
function shown(labelName: string, { name, help, read }: Read) {
  return {
    name,
    help,
    labelNames: [labelName],
    collect(this: Written) {
      this.reset()
      for (const [label, value] of read()) this.inc({ [labelName]: label }, value)
    },
  }
}

// This folder: log and metrics.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { Sink } from '../audit/sinks/sink.ts'

type Shown = { readonly sinks: readonly Sink[]; count: () => number }

/** Metrics of the audit trail, read from its parts at each scrape. */
export function showTrail(registry: Registry, trail: Shown): void {
  const records = new Counter({
    name: 'stagedoor_audit_records_total',
    help: 'Records of the audit trail.',
    registers: [],
    collect() {
      this.reset()
      this.inc(trail.count())
    },
  })
  const lost = new Counter({
    name: 'stagedoor_audit_sink_lost_total',
    help: 'Records that a sink gave up for want of room.',
    labelNames: ['sink'],
    registers: [],
    collect() {
      this.reset()
      for (const sink of trail.sinks) this.inc({ sink: sink.name }, sink.status().lost)
    },
  })
  registry.registerMetric(records)
  registry.registerMetric(lost)
  registry.registerMetric(
    gauge('sink', {
      name: 'stagedoor_audit_sink_up',
      help: 'Whether a sink of the audit trail takes records: 1 or 0.',
      read: () => trail.sinks.map((sink) => [sink.name, sink.status().reason === undefined ? 1 : 0]),
    }),
  )
  registry.registerMetric(
    gauge('sink', {
      name: 'stagedoor_audit_sink_waiting',
      help: 'Records that a sink has not handed on yet.',
      read: () => trail.sinks.map((sink) => [sink.name, sink.status().waiting]),
    }),
  )
}

/** @param ages how old each key that signs is, milliseconds, by its purpose */
export function showKeyAges(registry: Registry, ages: () => Readonly<Record<string, number>>): void {
  registry.registerMetric(
    gauge('key', {
      name: 'stagedoor_signing_key_age_seconds',
      help: 'How long ago a key took over last; more than rotateEvery means that it could not be replaced.',
      read: () => Object.entries(ages()).map(([key, ageMs]) => [key, ageMs / 1000]),
    }),
  )
}

type Read = { name: string; help: string; read: () => (readonly [label: string, value: number])[] }

function gauge(labelName: string, { name, help, read }: Read): Gauge {
  return new Gauge({
    name,
    help,
    labelNames: [labelName],
    registers: [],
    collect() {
      // A sink may be gone since.
      this.reset()
      for (const [label, value] of read()) this.set({ [labelName]: label }, value)
    },
  })
}

/** @returns notes how long after it was said, in milliseconds, the end of sessions was known here */
export function countRevocationDelays(registry: Registry): (delayMs: number) => void {
  const delays = new Histogram({
    name: 'stagedoor_revocation_delay_seconds',
    help: 'From when the end of sessions was said somewhere until this process knew it.',
    buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  })
  return (delayMs) => delays.observe(Math.max(0, delayMs) / 1000)
}

/** Calls to the login service, which allows so many: by outcome, and what it says is left (Auth0's rate limit headers). */
export function countLoginServiceCalls(registry: Registry): (origin: string, send: typeof fetch) => typeof fetch {
  const calls = new Counter({
    name: 'stagedoor_login_service_calls_total',
    help: 'Calls to the login service by class of the status; `failed` where it did not answer.',
    labelNames: ['status'],
    registers: [registry],
  })
  const left = new Gauge({
    name: 'stagedoor_login_service_calls_left',
    help: 'What the login service said last of the calls that its rate limit leaves (X-RateLimit-Remaining).',
    aggregator: 'min',
    registers: [registry],
  })
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

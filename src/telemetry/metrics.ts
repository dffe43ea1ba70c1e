import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'

import { type ShedReason, shedReasons } from '../overload/refusal.ts'
import type { Condition } from './condition.ts'
import { createDurationHistogram } from './duration-histogram.ts'

export type Metrics = ReturnType<typeof createMetrics>

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The metrics for Prometheus. Each app has its own registry, so that tests do not share counts. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const conditions = new Gauge({
    name: 'stagedoor_condition_ok',
    // Of several workers, the worst value counts.
    aggregator: 'min',
    help: 'Whether a dependency of Stagedoor works: 1 or 0.',
    labelNames: ['name'],
    registers,
  })
  const groups = new Counter({
    name: 'stagedoor_groups_left_out_total',
    help: 'Groups that assertions left out, because of assertion.groups include/exclude or max.',
    labelNames: ['why'],
    registers,
  })
  const claims = new Counter({
    name: 'stagedoor_claims_unusable_total',
    help: 'Claims of tokens, or parts of them, that were left out for having another type than they need.',
    labelNames: ['claim'],
    registers,
  })
  const shed = new Counter({
    name: 'stagedoor_shed_total',
    help: 'Requests answered 503 because this process has too many: delay, connections or requests.',
    labelNames: ['reason'],
    registers,
  })
  // Start each counter at zero, so that the first refusal is an increase.
  const shedBy = new Map(shedReasons.map((reason) => [reason, shed.labels(reason)]))
  for (const counter of shedBy.values()) counter.inc(0)
  return {
    /** Counts one decided request: its outcome, the reason of a refusal, and how long the answer took. */
    decided: countDecisions(registry),
    /** Shows `1` for each condition that is ok, otherwise `0`. Replaces the conditions shown before. */
    showConditions(all: readonly Condition[]): void {
      conditions.reset()
      for (const { name, status } of all) conditions.set({ name }, status === 'ok' ? 1 : 0)
    },
    /** Counts groups of one user that assertions leave out: excluded by patterns, and beyond the maximum. */
    groupsLeftOut(filtered: number, capped: number): void {
      groups.inc({ why: 'filter' }, filtered)
      groups.inc({ why: 'max' }, capped)
    },
    /** Counts a claim, or a part of one, that has the wrong type. */
    claimUnusable: (claim: string): void => claims.inc({ claim }),
    /** Counts a request that was answered 503 before it was processed, by reason. */
    shed: (reason: ShedReason): void => shedBy.get(reason)?.inc(),
    /** Shows how many client connections are open, and how many requests wait for the process. */
    measureConnections: (count: () => { open: number; waiting: number }) => measureConnections(registry, count),
    registry,
  }
}

/** Counts decisions and their durations. */
function countDecisions(registry: Registry) {
  const tallies = new Map<string, { labels: Record<string, string>; count: number }>()
  const requests = new Counter({
    name: 'stagedoor_requests_total',
    help: 'Decided requests by outcome, reason of a refusal and class of the status.',
    labelNames: ['outcome', 'reason', 'status'],
    registers: [],
    collect() {
      this.reset()
      for (const { labels, count } of tallies.values()) this.inc(labels, count)
    },
  })
  const durations = createDurationHistogram({
    name: 'stagedoor_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, upstream included.',
    bounds: secondsBuckets,
  })
  for (const metric of [requests, durations.metric]) registry.registerMetric(metric)
  return (outcome: 'allow' | 'deny', reason: string, status: number, durationSeconds: number): void => {
    const statusClass = Math.floor(status / 100)
    const key = `${outcome} ${reason} ${statusClass}`
    const tally = tallies.get(key)
    if (tally === undefined) tallies.set(key, { labels: { outcome, reason, status: `${statusClass}xx` }, count: 1 })
    else tally.count += 1
    durations.observe(durationSeconds)
  }
}

function measureConnections(registry: Registry, count: () => { open: number; waiting: number }): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read())
        },
      }),
    )
  }
  gauge('stagedoor_client_connections', 'Open connections of clients, upgraded ones included.', () => count().open)
  gauge('stagedoor_waiting_clients', 'Requests that wait for the process.', () => count().waiting)
}

import { Counter, type Registry } from 'prom-client'

import type { RefreshCounters } from '../session/refresh/renewals.ts'

/** Exports the counts of session refreshes. The refresher counts; the registry reads the counts at each scrape. */
export function showRefreshes(registry: Registry, counters: Readonly<RefreshCounters>): void {
  show(registry, {
    name: 'stagedoor_session_refreshes_total',
    help: 'Refreshes of sessions by outcome: refreshed, shared (by another replica), ended (refused), failed (tried again).',
    read: () => {
      const { refreshed, shared, ended, failed } = counters
      return { refreshed, shared, ended, failed }
    },
  })
  show(registry, {
    name: 'stagedoor_session_stale_requests_total',
    help: 'Requests of sessions that were due to be refreshed and could not be: served meanwhile, or refused past session.maxStale.',
    read: () => ({ served: counters.servedAsStale, refused: counters.refusedAsStale }),
  })
}

type Shown = { name: string; help: string; read: () => Record<string, number> }

function show(registry: Registry, { name, help, read }: Shown): void {
  const counter = new Counter({
    name,
    help,
    labelNames: ['outcome'],
    registers: [],
    collect() {
      this.reset()
      for (const [outcome, count] of Object.entries(read())) this.inc({ outcome }, count)
    },
  })
  registry.registerMetric(counter)
}

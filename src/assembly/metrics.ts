import type { Keys } from '../assertion/keys.ts'
import type { Trail } from '../audit/trail.ts'
import type { Mark } from '../revocation/mark.ts'
import { createRefreshCounters } from '../session/refresh/renewals.ts'
import { countLoginServiceCalls, countRevocationDelays, showKeyAges, showTrail } from '../telemetry/audit-metrics.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { showRefreshes } from '../telemetry/refresh-metrics.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

type NamedKeys = Readonly<Record<string, Pick<Keys, 'rotatedAt'>>>

/** What is counted and measured, from the start of the process on. */
export function provisionFigures({ now }: Dependencies, trail: Trail, holding: Holding) {
  return holding.part({ name: 'figures', make: () => createFigures(now, trail) })
}

export type Figures = ReturnType<typeof createFigures>

function createFigures(now: () => number, trail: Trail) {
  const metrics = createMetrics()
  const { registry } = metrics
  const counters = createRefreshCounters()
  let keys: NamedKeys = {}
  showRefreshes(registry, counters)
  showTrail(registry, trail)
  showKeyAges(registry, () => agesOf(now(), keys))
  const noteDelay = countRevocationDelays(registry)
  return {
    metrics,
    counters,
    countCalls: countLoginServiceCalls(registry),
    /** The keys in use. */
    show: (inUse: NamedKeys) => void (keys = inUse),
    /** Marks that name a moment name the one at which somebody said it; those of single sessions name none. */
    noteRevocations: (news: readonly Mark[]): void => {
      for (const { kind, at } of news) if (kind !== 'session') noteDelay(now() - at)
    },
  }
}

function agesOf(now: number, keys: NamedKeys): Record<string, number> {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, now - key.rotatedAt()]))
}

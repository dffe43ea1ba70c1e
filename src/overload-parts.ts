import { randomUUID } from 'node:crypto'

import type { Config } from './config/schema.ts'
import { Backlog, type BacklogOptions } from './overload/backlog.ts'
import { createBusyShare } from './overload/busy-share.ts'
import { createConnections } from './overload/connections.ts'
import { createGate } from './overload/gate.ts'
import { createRefusal } from './overload/refusal.ts'
import { Rest } from './overload/rest.ts'
import { createShedLog } from './overload/shed-log.ts'
import { TurnDelay } from './overload/turn-delay.ts'
import type { Logger } from './telemetry/logger.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Between two log lines about an overload. */
const logEveryMs = 10_000

/** However long `Retry-After` is: clients that do not heed it are not left without an answer for longer. */
const maxRestMs = 2_000

type Upstreams = ReadonlyMap<string, { requests: { admission: BacklogOptions['queues'][number] } }>

/** The limits of this process, and what is said about those beyond them. */
export function provisionGate({ server }: Config, logger: Logger, metrics: Metrics, upstreams: Upstreams) {
  const { prefix, overload, maxConnections, maxRequests, timeouts } = server
  const probes = new Set([`${prefix}/health/live`, `${prefix}/health/ready`])
  const connections = createConnections(maxConnections)
  const answer = createRefusal(Math.ceil(overload.retryAfter / 1000), randomUUID)
  const log = createShedLog(logger, logEveryMs)
  const now = (): number => performance.now()
  const isOngoing = (): boolean => rest.size > 0
  const limits = { maxDelayMs: overload.maxDelay, afterMs: overload.after, isOngoing, now }
  const turns = new TurnDelay({ ...limits, atTurnEnd: setImmediate })
  const queues = [...upstreams.values()].map(({ requests }) => requests.admission)
  const backlog = new Backlog({ ...limits, queues, busyShare: createBusyShare() })
  const rest = new Rest({
    // Idle connections are closed after a while; a request that waits unread on one must not be lost so.
    restMs: Math.min(overload.retryAfter, maxRestMs, timeouts.keepAlive / 2),
    lookEveryMs: overload.maxDelay,
    busyShare: createBusyShare(),
    now,
  })
  metrics.measureConnections(() => ({ open: connections.open, resting: rest.size }))
  const gate = createGate({
    connections,
    // Both, because the first one measures.
    delay: { isLate: () => turns.isLate() || backlog.isLate() },
    rest,
    maxRequests,
    isProbe: (url) => probes.has(url),
    refuse(request, response, reason) {
      answer(request, response, reason)
      metrics.shed(reason)
      log.note(reason)
    },
  })
  return { ...gate, openConnections: () => connections.open, close: () => log.close() }
}

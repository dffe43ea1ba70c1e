import { randomUUID } from 'node:crypto'

import type { Config } from './config/schema.ts'
import { createConnections } from './overload/connections.ts'
import { createGate } from './overload/gate.ts'
import { createRefusal } from './overload/refusal.ts'
import { createShedLog } from './overload/shed-log.ts'
import { TurnDelay } from './overload/turn-delay.ts'
import type { Logger } from './telemetry/logger.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Between two log lines about an overload. */
const logEveryMs = 10_000

/** The limits of this process, and what is said about those beyond them. */
export function provisionGate({ server }: Config, logger: Logger, metrics: Metrics) {
  const { prefix, overload, maxConnections, maxRequests } = server
  const probes = new Set([`${prefix}/health/live`, `${prefix}/health/ready`])
  const connections = createConnections(maxConnections)
  const answer = createRefusal(Math.ceil(overload.retryAfter / 1000), randomUUID)
  const log = createShedLog(logger, logEveryMs)
  metrics.measureConnections(() => connections.open)
  const delay = new TurnDelay({
    maxDelayMs: overload.maxDelay,
    afterMs: overload.after,
    now: () => performance.now(),
    atTurnEnd: setImmediate,
  })
  const gate = createGate({
    connections,
    delay,
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

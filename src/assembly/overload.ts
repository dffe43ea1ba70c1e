import { randomUUID } from 'node:crypto'

import type { Config } from '../config/schema.ts'
import { endRequest } from '../errors/contain.ts'
import { Connections } from '../overload/connections.ts'
import { Gate, type Routing } from '../overload/gate.ts'
import { Line } from '../overload/line.ts'
import { createRefusal } from '../overload/refusal.ts'
import { createShedLog } from '../overload/shed-log.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Between two log lines about an overload. */
const logEveryMs = 10_000

/** The limits of this process, and the answers, counts and log lines for requests beyond them. */
export function provisionGate({ server }: Config, logger: Logger, metrics: Metrics) {
  const { prefix, overload, maxConnections, maxRequests } = server
  const probes = new Set([`${prefix}/health/live`, `${prefix}/health/ready`])
  const connections = new Connections(maxConnections)
  const answer = createRefusal(Math.ceil(overload.retryAfter / 1000), randomUUID)
  const log = createShedLog(logger, logEveryMs)
  const line = new Line(overload.maxDelay)
  metrics.measureConnections(() => ({ open: connections.open, waiting: line.size }))
  const gate = new Gate({
    connections,
    line,
    maxRequests,
    isProbe: (url) => probes.has(url),
    refuse(request, response, reason) {
      answer(request, response, reason)
      metrics.shed(reason)
      log.note(reason)
    },
    fail: (error, response) => endRequest(error, response, logger),
    atTurnEnd: setImmediate,
  })
  return {
    watch: connections.watch,
    guard: (next: Routing) => gate.guard(next),
    guardUpgrades: (next: Routing) => gate.guardUpgrades(next),
    sayFarewell: () => gate.sayFarewell(),
    openConnections: () => connections.open,
    close: () => log.close(),
  }
}

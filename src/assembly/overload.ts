import type { Config } from '../config/schema.ts'
import { containing } from '../errors/contain.ts'
import { ConnectionLimiter } from '../overload/connection-limiter.ts'
import { Queue } from '../overload/queue.ts'
import { createRefusal, createShedLog, type ShedReason } from '../overload/refusal.ts'
import { RequestLimiter, type Routing } from '../overload/request-limiter.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Between two log lines about an overload. */
const logEveryMs = 10_000

/** The limits of this process, and the answers, counts and log lines for requests beyond them. */
export function provisionOverload({ server }: Config, logger: Logger, metrics: Metrics) {
  const { prefix, overload, maxConnections, maxRequests } = server
  const probes = new Set([`${prefix}/health/live`, `${prefix}/health/ready`])
  const connections = new ConnectionLimiter(maxConnections)
  const answer = createRefusal(Math.ceil(overload.retryAfter / 1000))
  const log = createShedLog(logger, logEveryMs)
  const queue = new Queue(overload.maxDelay)
  metrics.measureConnections(() => ({ open: connections.open, waiting: queue.size }))
  const limiter = new RequestLimiter({
    connections,
    queue,
    maxRequests,
    isProbe: (url) => probes.has(url),
    refuse: containing((request, response, reason: ShedReason) => {
      answer(request, response, reason)
      metrics.shed(reason)
      log.note(reason)
    }, logger),
    atTurnEnd: setImmediate,
  })
  return {
    watch: connections.watch,
    guard: (next: Routing) => limiter.guard(containing(next, logger)),
    guardUpgrades: (next: Routing) => limiter.guardUpgrades(containing(next, logger)),
    openConnections: () => connections.open,
    close: () => log.close(),
  }
}

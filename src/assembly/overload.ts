import type { Config } from '../config/schema.ts'
import { containing } from '../errors/contain.ts'
import { ConnectionLimiter } from '../overload/connection-limiter.ts'
import { Queue } from '../overload/queue.ts'
import { createRefusal, createShedLog, type ShedReason } from '../overload/refusal.ts'
import { RequestLimiter, type Routing } from '../overload/request-limiter.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Holding } from './kept-across-reloads.ts'

/** The interval between two log lines about an overload. */
const logEveryMs = 10_000

type Answers = { probes: ReadonlySet<string>; refuse: ReturnType<typeof createRefusal> }

/** The limits of this process, with the answers, counts and log lines for requests beyond them. The counts continue across reloads. */
export function provisionOverload(config: Config, logger: Logger, metrics: Metrics, holding: Holding) {
  const overload = holding.part({
    name: 'overload',
    make: () => createOverload(config, logger, metrics),
    close: ({ close }) => close(),
  })
  holding.onInForce(() => overload.use(config))
  return overload
}

function createOverload(config: Config, logger: Logger, metrics: Metrics) {
  const { maxConnections, overload } = config.server
  let answers = answersOf(config)
  const connections = new ConnectionLimiter(maxConnections)
  const log = createShedLog(logger, logEveryMs)
  const queue = new Queue(overload.maxDelay)
  metrics.measureConnections(() => ({ open: connections.open, waiting: queue.size }))
  const limiter = new RequestLimiter({
    connections,
    queue,
    maxRequests: config.server.maxRequests,
    isProbe: (url) => answers.probes.has(url),
    refuse: containing((request, response, reason: ShedReason) => {
      answers.refuse(request, response, reason)
      metrics.shed(reason)
      log.note(reason)
    }, logger),
    atTurnEnd: setImmediate,
  })
  return {
    use(next: Config) {
      answers = answersOf(next)
      limiter.maxRequests = next.server.maxRequests
      connections.max = next.server.maxConnections
      queue.maxWaitMs = next.server.overload.maxDelay
    },
    watch: connections.watch,
    guard: (next: Routing) => limiter.guard(containing(next, logger)),
    guardUpgrades: (next: Routing) => limiter.guardUpgrades(containing(next, logger)),
    openConnections: () => connections.open,
    close: () => log.close(),
  }
}

function answersOf({ server: { prefix, overload } }: Config): Answers {
  return {
    probes: new Set([`${prefix}/health/live`, `${prefix}/health/ready`]),
    refuse: createRefusal(Math.ceil(overload.retryAfter / 1000)),
  }
}

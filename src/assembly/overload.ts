import { randomUUID } from 'node:crypto'

import type { Config } from '../config/schema.ts'
import { endRequest } from '../errors/contain.ts'
import { createBusyShare } from '../overload/busy-share.ts'
import { createConnections } from '../overload/connections.ts'
import { createGate } from '../overload/gate.ts'
import { Line } from '../overload/line.ts'
import { Pace } from '../overload/pace.ts'
import { createRefusal } from '../overload/refusal.ts'
import { createRoom, type RoomOptions } from '../overload/room.ts'
import { createShedLog } from '../overload/shed-log.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Between two log lines about an overload. */
const logEveryMs = 10_000

/** Whatever was expected, a wait is over after so many times `maxDelay`. */
const patience = 2

/** Below this length it is cheaper to read waiting requests and hold them than to stop reading. */
const unreadFrom = 256

type Upstreams = ReadonlyMap<string, { requests: { admission: RoomOptions['queues'][number] } }>

/** The limits of this process, and the answers, counts and log lines for requests beyond them. */
export function provisionGate({ server }: Config, logger: Logger, metrics: Metrics, upstreams: Upstreams) {
  const { prefix, overload, maxConnections, maxRequests, timeouts } = server
  const probes = new Set([`${prefix}/health/live`, `${prefix}/health/ready`])
  const connections = createConnections(maxConnections)
  const answer = createRefusal(Math.ceil(overload.retryAfter / 1000), randomUUID)
  const log = createShedLog(logger, logEveryMs)
  const now = (): number => performance.now()
  const queues = [...upstreams.values()].map(({ requests }) => requests.admission)
  const line = new Line({
    maxDelayMs: overload.maxDelay,
    // Idle connections are closed after a while; a request that waits unread on one must not be lost so.
    patienceMs: Math.min(patience * overload.maxDelay, timeouts.keepAlive / 2),
    unreadFrom,
    pace: new Pace(),
    hasRoom: createRoom({ queues, busyShare: createBusyShare(), now }),
    now,
    atTurnEnd: setImmediate,
  })
  metrics.measureConnections(() => ({ open: connections.open, waiting: line.size }))
  const gate = createGate({
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
  })
  return { ...gate, openConnections: () => connections.open, close: () => log.close() }
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import type { Connections } from './connections.ts'
import type { Rest } from './rest.ts'
import type { ShedReason } from './shed-reason.ts'

export type Routing = (request: IncomingMessage, response: ServerResponse) => void

/** Stands before everything else: what is too much is answered here, at a fraction of what serving it would cost. */
export type Gate = {
  /** Counts and bounds the connections of a server. */
  watch(server: Server): void
  /** Passes on the requests that there is room for. */
  guard(next: Routing): Routing
  /** The same for upgrades, which do not count as requests: connections bound them, and what upstreams admit. */
  guardUpgrades(next: Routing): Routing
  /** From now on each answer is the last on its connection. */
  sayFarewell(): void
}

export type GateOptions = {
  connections: Connections
  delay: { isLate(): boolean }
  /** Requests under way at a time, open event streams included. */
  maxRequests: number
  /** Probes are answered whatever the load: a gateway that is taken away while it is busy makes others busier. */
  isProbe: (url: string) => boolean
  refuse: (request: IncomingMessage, response: ServerResponse, reason: ShedReason) => void
  rest: Pick<Rest, 'after' | 'end'>
}

export function createGate({ connections, delay, maxRequests, isProbe, refuse, rest }: GateOptions): Gate {
  let underWay = 0
  let isLeaving = false
  const leave = (): void => void (underWay -= 1)

  function reasonToRefuse(request: IncomingMessage): ShedReason | undefined {
    // First, because it measures: each request has to pass by.
    if (delay.isLate()) return 'delay'
    if (connections.isSurplus(request)) return 'connections'
    return underWay >= maxRequests ? 'requests' : undefined
  }

  function isRefused(request: IncomingMessage, response: ServerResponse): boolean {
    const reason = reasonToRefuse(request)
    if (reason === undefined || isProbe(request.url ?? '')) return false
    if (reason === 'delay') rest.after(request, response)
    refuse(request, response, reason)
    return true
  }

  return {
    watch: (server) => connections.watch(server),
    sayFarewell() {
      isLeaving = true
      rest.end()
    },
    guard: (next) => (request, response) => {
      if (isLeaving) response.shouldKeepAlive = false
      if (isRefused(request, response)) return
      underWay += 1
      response.on('close', leave)
      next(request, response)
    },
    guardUpgrades: (next) => (request, response) => {
      if (!isRefused(request, response)) next(request, response)
    },
  }
}

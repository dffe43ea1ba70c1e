import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

import type { Connections } from './connections.ts'
import type { Line } from './line.ts'
import type { ShedReason } from './shed-reason.ts'
import { shapeForLine } from './waiting.ts'

export type Routing = (request: IncomingMessage, response: ServerResponse) => void

/** Stands before everything else: what is too much waits or is answered here, at a fraction of what serving it would cost. */
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
  line: Pick<Line, 'size' | 'isTooLong' | 'begins' | 'hold' | 'holdUnread' | 'advance' | 'end'>
  /** Requests under way at a time, those that wait and open event streams included. */
  maxRequests: number
  /** Probes are answered whatever the load: a gateway that is taken away while it is busy makes others busier. */
  isProbe: (url: string) => boolean
  refuse: (request: IncomingMessage, response: ServerResponse, reason: ShedReason) => void
  /** A mistake of ours: ends the request in which it happened. */
  fail: (error: unknown, response: ServerResponse) => void
}

type Verdict = 'begin' | 'wait' | ShedReason

export function createGate({ connections, line, maxRequests, isProbe, refuse, fail }: GateOptions): Gate {
  let underWay = 0
  let isLeaving = false

  function judge(request: IncomingMessage): Verdict {
    const isBegun = line.begins(request)
    const reason = reasonToRefuse(request, isBegun)
    if (isBegun && reason === undefined) return 'begin'
    return isProbe(request.url ?? '') ? 'begin' : (reason ?? 'wait')
  }

  function reasonToRefuse(request: IncomingMessage, isBegun: boolean): ShedReason | undefined {
    if (connections.isSurplus(request)) return 'connections'
    if (underWay >= maxRequests) return 'requests'
    return !isBegun && line.isTooLong ? 'delay' : undefined
  }

  /** Requests come from sockets and out of the line: an error must not reach either. */
  function carryOut(verdict: Verdict, request: IncomingMessage, response: ServerResponse, next: Routing): void {
    try {
      carryOutOrThrow(verdict, request, response, next)
    } catch (error) {
      fail(error, response)
    }
  }

  function carryOutOrThrow(verdict: Verdict, request: IncomingMessage, response: ServerResponse, next: Routing): void {
    if (isLeaving) response.shouldKeepAlive = false
    if (verdict === 'begin') return next(request, response)
    if (verdict !== 'wait') return refuse(request, response, verdict)
    const meanwhile = (then: Verdict) => (): void => {
      if (!isGone(request)) carryOut(then, request, response, next)
    }
    line.hold(meanwhile('begin'), meanwhile('delay'))
  }

  function leave(this: ServerResponse): void {
    underWay -= 1
    letOthers.call(this)
  }

  function letOthers(this: ServerResponse): void {
    if (line.size === 0) return
    line.advance()
    if (!isProbe(this.req.url ?? '')) line.holdUnread(this)
  }

  return {
    watch(server) {
      connections.watch(server)
      for (const event of ['connection', 'secureConnection']) server.on(event, shapeForLine)
    },
    sayFarewell() {
      isLeaving = true
      line.end()
    },
    guard: (next) => (request, response) => {
      const verdict = judge(request)
      const isIn = verdict === 'begin' || verdict === 'wait'
      if (isIn) underWay += 1
      response.on('close', isIn ? leave : letOthers)
      carryOut(verdict, request, response, next)
    },
    guardUpgrades: (next) => (request, response) => carryOut(judge(request), request, response, next),
  }
}

/** Whether whoever asked has left meanwhile. */
function isGone(request: IncomingMessage): boolean {
  const { stream } = request as unknown as Partial<Http2ServerRequest>
  return request.destroyed || stream?.destroyed === true
}

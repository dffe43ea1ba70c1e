import type { IncomingMessage, ServerResponse } from 'node:http'

import type { ConnectionLimiter } from './connection-limiter.ts'
import type { Queue } from './queue.ts'
import type { ShedReason } from './refusal.ts'

export type Routing = (request: IncomingMessage, response: ServerResponse) => void

export type RequestLimiterOptions = {
  connections: Pick<ConnectionLimiter, 'isSurplus'>
  queue: Queue
  /** Requests under way at a time, those in the queue and open event streams included. */
  maxRequests: number
  /** Probes pass whatever the load: a gateway that is taken away while it is busy makes the others busier. */
  isProbe: (url: string) => boolean
  refuse: (request: IncomingMessage, response: ServerResponse, reason: ShedReason) => void
  /** Ends a request in which a mistake of ours happened. */
  fail: (error: unknown, response: ServerResponse) => void
  /** Calls back when the event loop has handled all that had arrived. */
  atTurnEnd: (callback: () => void) => void
}

/** How many requests a turn of the event loop begins: what is under way is finished before more is begun, and probes wait for no more. */
const perTurn = 32

/** Stands before everything else: a request that is too much waits or is refused here, before anything looks at it. */
export class RequestLimiter {
  readonly #options: RequestLimiterOptions
  #underWay = 0
  #begunThisTurn = 0
  #isTurnOpen = false
  #isLeaving = false

  constructor(options: RequestLimiterOptions) {
    this.#options = options
  }

  /** Passes requests on, in the order in which they came. */
  guard(next: Routing): Routing {
    return (request, response) => {
      this.#contain(response, () => {
        if (this.#handle(request, response, next)) this.#count(response)
      })
    }
  }

  /** The same for upgrades, which do not count as requests under way. */
  guardUpgrades(next: Routing): Routing {
    return (request, response) => this.#contain(response, () => void this.#handle(request, response, next))
  }

  /** From now on each answer is the last on its connection. */
  stopKeepAlive(): void {
    this.#isLeaving = true
  }

  #verdictOn(request: IncomingMessage): 'begin' | 'wait' | ShedReason {
    const { connections, queue, maxRequests, isProbe } = this.#options
    if (isProbe(request.url ?? '')) return 'begin'
    if (connections.isSurplus(request)) return 'connections'
    if (this.#underWay >= maxRequests) return 'requests'
    return queue.size === 0 && this.#begunThisTurn < perTurn ? 'begin' : 'wait'
  }

  /** @returns whether it is under way now, or in the queue */
  #handle(request: IncomingMessage, response: ServerResponse, next: Routing): boolean {
    if (this.#isLeaving) response.shouldKeepAlive = false
    const { queue, refuse } = this.#options
    const verdict = this.#verdictOn(request)
    if (verdict === 'begin') {
      this.#openTurn()
      this.#begunThisTurn += 1
      next(request, response)
      return true
    }
    if (verdict !== 'wait') {
      refuse(request, response, verdict)
      return false
    }
    this.#openTurn()
    const place = queue.join({
      admit: () => this.#contain(response, () => next(request, response)),
      refuse: () => this.#contain(response, () => refuse(request, response, 'delay')),
    })
    response.on('close', () => queue.leave(place))
    return true
  }

  #count(response: ServerResponse): void {
    this.#underWay += 1
    response.on('close', () => (this.#underWay -= 1))
  }

  /** Requests come from sockets and out of the queue: an error must not reach either. */
  #contain(response: ServerResponse, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.fail(error, response)
    }
  }

  #openTurn(): void {
    if (!this.#isTurnOpen) this.#options.atTurnEnd(() => this.#endTurn())
    this.#isTurnOpen = true
  }

  #endTurn(): void {
    this.#isTurnOpen = false
    for (this.#begunThisTurn = 0; this.#begunThisTurn < perTurn && this.#options.queue.admitNext();)
      this.#begunThisTurn += 1
    if (this.#begunThisTurn > 0) this.#openTurn()
  }
}

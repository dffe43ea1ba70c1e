import type { IncomingMessage, ServerResponse } from 'node:http'

import type { ConnectionLimiter } from './connection-limiter.ts'
import type { Queue } from './queue.ts'
import type { ShedReason } from './refusal.ts'

export type Routing = (request: IncomingMessage, response: ServerResponse) => void

export type RequestLimiterOptions = {
  connections: Pick<ConnectionLimiter, 'isSurplus' | 'isFlooded' | 'count'>
  queue: Queue
  /** Requests under way at a time, including queued ones and open event streams. */
  maxRequests: number
  /** Probes are never queued or refused: removing a busy gateway would make the others busier. */
  isProbe: (url: string) => boolean
  /** Must not throw, because sockets and the queue call it. */
  refuse: (request: IncomingMessage, response: ServerResponse, reason: ShedReason) => void
  /** Calls back at the end of the turn of the event loop, when everything that had arrived has been handled. */
  atTurnEnd: (callback: () => void) => void
}

/** How many requests one turn of the event loop may start, so that turns stay short and requests under way finish first. */
const perTurn = 32

/** Runs before Fastify: starts a request, queues it, or refuses it. */
export class RequestLimiter {
  maxRequests: number
  readonly #options: RequestLimiterOptions
  #underWay = 0
  #begunThisTurn = 0

  constructor(options: RequestLimiterOptions) {
    this.#options = options
    this.maxRequests = options.maxRequests
  }

  /** Limits requests. Each is under way until its answer emits `close`. @param next must not throw */
  guard(next: Routing): Routing {
    const { connections } = this.#options
    return (request, response) => {
      // node:http assigns the socket to an answer when the earlier answers have been sent.
      const isAhead = response.socket === null
      if (isAhead && connections.isFlooded(request)) {
        request.socket.destroy()
        return
      }
      if (!this.#take(request, response, next)) return
      this.#underWay += 1
      if (isAhead) connections.count(request, 1)
      response.on('close', () => {
        this.#underWay -= 1
        if (isAhead) connections.count(request, -1)
      })
    }
  }

  /** Limits upgrades, which do not count as requests under way. */
  guardUpgrades(next: Routing): Routing {
    return (request, response) => void this.#take(request, response, next)
  }

  /** @returns false when the request was refused */
  #take(request: IncomingMessage, response: ServerResponse, next: Routing): boolean {
    const { queue, refuse } = this.#options
    const verdict = this.#verdictOn(request)
    if (verdict !== 'begin' && verdict !== 'wait') {
      refuse(request, response, verdict)
      return false
    }
    if (verdict === 'wait') {
      const refuseLate = () => refuse(request, response, 'delay')
      const place = queue.join({ admit: () => next(request, response), refuse: refuseLate })
      response.on('close', () => queue.leave(place))
    } else {
      if (this.#begunThisTurn === 0) this.#awaitTurnEnd()
      this.#begunThisTurn += 1
      next(request, response)
    }
    return true
  }

  #verdictOn(request: IncomingMessage): 'begin' | 'wait' | ShedReason {
    const { connections, queue, isProbe } = this.#options
    if (isProbe(request.url ?? '')) return 'begin'
    if (connections.isSurplus(request)) return 'connections'
    if (this.#underWay >= this.maxRequests) return 'requests'
    return queue.size === 0 && this.#begunThisTurn < perTurn ? 'begin' : 'wait'
  }

  /** Starts queued requests at the end of a turn that started some. Repeats until a turn starts none: the queue is then empty. */
  #awaitTurnEnd(): void {
    this.#options.atTurnEnd(() => {
      this.#begunThisTurn = 0
      while (this.#begunThisTurn < perTurn && this.#options.queue.admitNext()) this.#begunThisTurn += 1
      if (this.#begunThisTurn > 0) this.#awaitTurnEnd()
    })
  }
}

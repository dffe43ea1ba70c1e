import type { IncomingMessage, ServerResponse } from 'node:http'

import { type Node, Yallist } from 'yallist'

import type { Pace } from './pace.ts'
import { Unread, unreadOf, type Waiting } from './waiting.ts'

export type LineOptions = {
  /** Who would have to wait longer is told so at once, ms. */
  maxDelayMs: number
  /** How long anybody waits, whatever was expected, ms. */
  patienceMs: number
  /** From how many in line on connections wait unread. */
  unreadFrom: number
  pace: Pace
  /** Whether more can be begun without piling up further on. */
  hasRoom: () => boolean
  /** Monotonic, ms. */
  now: () => number
  /** Calls back when the event loop has handled all that had arrived. */
  atTurnEnd: (callback: () => void) => void
}

/**
 * How many requests a turn of the event loop begins. Reading a request is half of the work, finishing it the other half: a
 * loop that reads all that is there has ever more under way. More of them bring nothing, and so few keep turns short.
 */
const perTurn = 32

/** Those who may ask a second time come when they like; so many at once that turns get long wait like all others. */
const maxPerTurn = 4 * perTurn

/** Between two looks at who has waited too long, ms. */
const lookEveryMs = 50

/**
 * Those who wait for the process, first come, first served: requests that were read, and connections that were served and are
 * not read until others have had their turn. An unread request lies in the kernel and costs nothing; one that was read would
 * be carried on by the garbage collector, and one that is refused costs a third of what serving it would.
 *
 * Who is called may ask twice: to have a connection not be read and be read again takes a twelfth of what a request costs, and one
 * that has just been served is at hand in the processor's caches.
 */
export class Line {
  readonly #options: LineOptions
  readonly #waiting = new Yallist<Waiting>()
  readonly #onTurnEnd = (): void => this.#endTurn()
  #turn = 0
  #isTurnOpen = false
  /** In this turn. */
  #begun = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(options: LineOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Whether who joins now would have to wait for too long. */
  get isTooLong(): boolean {
    return this.#options.pace.waitMs(this.size) > this.#options.maxDelayMs
  }

  /** Notes a request that has come. @returns whether it begins, else it has to wait */
  begins(request: IncomingMessage): boolean {
    this.#openTurn()
    const begins = this.size > 0 ? this.#isCalled(request) : this.#begun < perTurn && this.#options.hasRoom()
    if (begins) this.#begun += 1
    return begins
  }

  #isCalled({ httpVersionMajor, socket }: IncomingMessage): boolean {
    if (httpVersionMajor > 1 || this.#begun >= maxPerTurn) return false
    return unreadOf(socket)?.takesTurn(this.#turn) === true
  }

  /** Has a request wait that was read. */
  hold(begin: () => void, giveUp: () => void): void {
    const since = this.#options.now()
    this.#prepare(since)
    this.#waiting.push({ since, begin, giveUp })
  }

  /** Has the connection of an answer wait for its next turn, unread, where it is to be used again. */
  holdUnread({ req: request, shouldKeepAlive }: ServerResponse): void {
    // Over HTTP/2 it carries all that a browser does.
    if (this.#isOver || this.size < this.#options.unreadFrom || request.httpVersionMajor > 1) return
    const { socket } = request
    if (!shouldKeepAlive || !request.complete || !socket.writable || socket.isPaused()) return
    if (unreadOf(socket)?.goesOn() === true) return
    const since = this.#options.now()
    this.#prepare(since)
    this.#waiting.pushNode(Unread.on(socket, since).node)
  }

  /** Something was finished, so that there may be room. */
  advance(): void {
    if (this.size > 0) this.#openTurn()
  }

  /** From now on all connections are read. */
  end(): void {
    this.#isOver = true
    for (let node = this.#waiting.head; node !== undefined;) {
      const { next, value } = node
      if (value instanceof Unread) this.#remove(node).giveUp()
      node = next
    }
  }

  #prepare(since: number): void {
    if (this.size === 0) this.#options.pace.begin(since)
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref()
  }

  #openTurn(): void {
    if (this.#isTurnOpen) return
    this.#isTurnOpen = true
    this.#options.atTurnEnd(this.#onTurnEnd)
  }

  #endTurn(): void {
    this.#isTurnOpen = false
    this.#turn += 1
    this.#begun = 0
    let called = 0
    for (let node = this.#waiting.head; node !== undefined; node = this.#waiting.head) {
      if (called === perTurn || !this.#options.hasRoom()) break
      called += 1
      this.#remove(node).begin(this.#turn)
    }
    this.#options.pace.left(called)
    // Who is called may have nothing to ask, and nothing else need happen.
    if (called > 0) this.advance()
  }

  #look(): void {
    if (this.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    const { now, pace, patienceMs } = this.#options
    const at = now()
    pace.look(at)
    for (let node = this.#waiting.head; node !== undefined; node = this.#waiting.head) {
      if (at - node.value.since < patienceMs) break
      this.#remove(node).giveUp()
    }
    this.advance()
  }

  #remove(node: Node<Waiting>): Waiting {
    this.#waiting.removeNode(node)
    return node.value
  }
}

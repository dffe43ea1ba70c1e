import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { saturatedShare } from './backlog.ts'

export type RestOptions = {
  /** How long a connection rests at most, ms. */
  restMs: number
  /** Between two looks at whether there is time again, ms. */
  lookEveryMs: number
  /** Share of the time since the last call in which the event loop was busy. */
  busyShare: () => number
  /** Monotonic, ms. */
  now: () => number
}

type Resting = { readonly connection: Pick<Socket, 'resume'>; readonly until: number }

/** Of those that rest, one in so many comes back with each look at which there is time. */
const wokenShare = 8

/**
 * Connections on which somebody was told to come later, and that are not read for so long. Even a quick refusal costs a
 * part of what serving costs; clients that ask again at once would have the process do nothing else. They wait in line, and
 * come back as soon as the process has a moment to spare.
 */
export class Rest {
  readonly #options: RestOptions
  #line: Resting[] = []
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(options: RestOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#line.length
  }

  /** Has the connection of a refused request rest once the answer is sent, where it is to be used again. */
  after(request: IncomingMessage, response: ServerResponse): void {
    // Over HTTP/2 it carries all that a browser does.
    if (request.httpVersionMajor > 1) return
    const { socket } = request
    response.once('finish', () => {
      if (request.complete && socket.writable && !socket.isPaused() && !this.#isOver) this.#begin(socket)
    })
  }

  /** Ends every rest for good. */
  end(): void {
    this.#isOver = true
    this.#wake(this.#line.length)
  }

  #begin(socket: Socket): void {
    const { restMs, lookEveryMs, now, busyShare } = this.#options
    socket.pause()
    this.#line.push({ connection: socket, until: now() + restMs })
    if (this.#timer !== undefined) return
    busyShare()
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  #look(): void {
    const { now, busyShare, restMs, lookEveryMs } = this.#options
    const at = now()
    const { length } = this.#line
    const firstToStay = this.#line.findIndex(({ until }) => until > at)
    const rested = firstToStay === -1 ? length : firstToStay
    // As many each time as makes a round of all take that long: what went to rest together must not come back together.
    const looksToRest = restMs / lookEveryMs
    const share = busyShare() < saturatedShare ? Math.min(wokenShare, looksToRest) : looksToRest
    this.#wake(Math.max(rested, Math.ceil(length / share)))
  }

  #wake(count: number): void {
    for (const { connection } of this.#line.splice(0, count)) connection.resume()
    if (this.#line.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

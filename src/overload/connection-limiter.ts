// This folder: refuses requests beyond what the process can serve.

import type { IncomingMessage, Server } from 'node:http'
import type { Http2ServerRequest, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** How many connections beyond the limit stay open, so that their requests get 503. Further ones are closed at once. */
const reserveOf = (max: number): number => Math.max(16, Math.ceil(max / 16))

/** How many pipelined requests may wait on one HTTP/1.1 connection. Browsers do not pipeline; HTTP/2 has its own limit. */
const maxAhead = 64

/** Counts and limits the open connections of one process, including upgraded ones. */
export class ConnectionLimiter {
  open = 0
  max: number
  readonly #surplus = new WeakSet<Socket | Http2Session>()
  readonly #ahead = new WeakMap<Socket, number>()

  constructor(max: number) {
    this.max = max
  }

  /** Replaces the server's own `maxConnections`, which counts only connections that this process accepted itself. */
  readonly watch = (server: Server): void => {
    server.on('connection', (socket: Socket) => {
      this.open += 1
      socket.on('close', () => (this.open -= 1))
      if (this.open > this.max + reserveOf(this.max)) socket.destroy()
    })
    // The connection of a request is the plain socket, the TLS socket or the HTTP/2 session.
    for (const event of ['connection', 'secureConnection', 'session']) {
      server.on(event, (connection: Socket | Http2Session) => {
        if (this.open > this.max) this.#surplus.add(connection)
      })
    }
  }

  /** Whether the request came on a connection beyond the limit. */
  isSurplus(request: IncomingMessage): boolean {
    const { stream } = request as unknown as Partial<Http2ServerRequest>
    return this.open > this.max && this.#surplus.has(stream?.session ?? request.socket)
  }

  /** Call with 1 when a pipelined request begins and with -1 when it is answered. The sum is the number that is waiting. */
  count({ socket }: IncomingMessage, change: 1 | -1): void {
    this.#ahead.set(socket, (this.#ahead.get(socket) ?? 0) + change)
  }

  /** Whether a client has reached the limit of pipelined requests. */
  isFlooded({ socket }: IncomingMessage): boolean {
    return (this.#ahead.get(socket) ?? 0) >= maxAhead
  }
}

// This folder: refuses requests beyond what the process can serve.

import type { IncomingMessage, Server } from 'node:http'
import type { Http2ServerRequest, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** So many connections beyond the limit stay open, so that their requests get 503; further ones are closed at once. */
const reserveOf = (max: number): number => Math.max(16, Math.ceil(max / 16))

/** Requests that one connection of HTTP/1.1 may have waiting behind another: answers are in order. Browsers send none ahead; HTTP/2 has a limit of its own. */
const maxAhead = 64

/** Counts and bounds the open connections of one process, upgraded ones included. */
export class ConnectionLimiter {
  open = 0
  max: number
  readonly #surplus = new WeakSet<Socket | Http2Session>()
  readonly #ahead = new WeakMap<Socket, number>()

  constructor(max: number) {
    this.max = max
  }

  /** Used in place of the server's own maxConnections, which counts only connections that this process accepted itself. */
  readonly watch = (server: Server): void => {
    server.on('connection', (socket: Socket) => {
      this.open += 1
      socket.on('close', () => (this.open -= 1))
      if (this.open > this.max + reserveOf(this.max)) socket.destroy()
    })
    // A request names as its connection the plain socket, the one of TLS, or the session of HTTP/2.
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

  /** Call with 1 when a request begins and with -1 when it is answered: the sum is what a client has sent ahead. */
  count({ socket }: IncomingMessage, change: 1 | -1): void {
    this.#ahead.set(socket, (this.#ahead.get(socket) ?? 0) + change)
  }

  /** Whether a client has sent more requests ahead of their answers than it may. */
  isFlooded({ socket }: IncomingMessage): boolean {
    return (this.#ahead.get(socket) ?? 0) >= maxAhead
  }
}

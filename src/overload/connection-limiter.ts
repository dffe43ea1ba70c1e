// This folder: refuses requests beyond what the process can serve.

import type { IncomingMessage, Server } from 'node:http'
import type { Http2ServerRequest, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** Up to here, connections beyond the limit stay open so that their requests get 503; past it they are closed at once. */
const reserveOf = (max: number): number => Math.max(16, Math.ceil(max / 16))

/** Requests that one connection of HTTP/1.1 may have under way: answers are in order, so that each waits for the first. Browsers send none ahead. */
const maxAhead = 64

/** Counts and bounds the open connections of one process, upgraded ones included. */
export class ConnectionLimiter {
  open = 0
  max: number
  readonly #surplus = new WeakSet<Socket | Http2Session>()
  readonly #underWay = new WeakMap<Socket, number>()

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

  /** Counts a request that begins (1) or has its answer (-1). */
  count({ socket, httpVersionMajor }: IncomingMessage, change: 1 | -1): void {
    if (httpVersionMajor === 1) this.#underWay.set(socket, (this.#underWay.get(socket) ?? 0) + change)
  }

  /** Whether a client has sent more requests ahead of their answers than it may. HTTP/2 has a limit of its own. */
  isFlooded({ socket, httpVersionMajor }: IncomingMessage): boolean {
    return httpVersionMajor === 1 && (this.#underWay.get(socket) ?? 0) >= maxAhead
  }
}

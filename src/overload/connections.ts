import type { IncomingMessage, Server } from 'node:http'
import type { Http2ServerRequest, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** Room beyond the limit for connections that are told so; past that they are closed unheard. */
const reserveOf = (max: number): number => Math.max(16, Math.ceil(max / 16))

export type Connections = {
  readonly open: number
  /** Counts the connections of a server, and bounds them. */
  watch(server: Server): void
  /** Whether the request came on a connection beyond the limit. */
  isSurplus(request: IncomingMessage): boolean
}

/** @param max open connections of one process, upgraded ones included */
export function createConnections(max: number): Connections {
  const surplus = new WeakSet<Socket | Http2Session>()
  let open = 0

  const forget = (): void => void (open -= 1)

  function count(socket: Socket): void {
    open += 1
    socket.on('close', forget)
    if (open > max + reserveOf(max)) socket.destroy()
  }

  const mark = (connection: Socket | Http2Session): void => {
    if (open > max) surplus.add(connection)
  }

  return {
    get open() {
      return open
    },
    watch(server) {
      // Not the server's own maxConnections: it counts those that it took in itself, and others take in some for it.
      server.on('connection', count)
      // What requests name as theirs: the plain socket, the one of TLS, or the session of HTTP/2.
      for (const event of ['connection', 'secureConnection', 'session']) server.on(event, mark)
    },
    isSurplus: (request) => open > max && surplus.has(connectionOf(request)),
  }
}

function connectionOf(request: IncomingMessage): Socket | Http2Session {
  const { stream } = request as unknown as Partial<Http2ServerRequest>
  return stream?.session ?? request.socket
}

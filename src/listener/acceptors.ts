// This folder: the socket: TLS, HTTP/2, limits on heads, closing in order.

import { once } from 'node:events'
import { createServer, type ListenOptions, type Server } from 'node:net'

export type Address = { host: string; port: number }

export type Acceptors = {
  /** Listens beside the server, at the port that it has. */
  listen(address: Address): Promise<void>
  /** Takes in no more connections. */
  stop(): void
  /** Resolves when the connections that were taken in have ended. */
  ended(): Promise<void>
}

/**
 * More sockets that listen at a server's port (SO_REUSEPORT; the kernel deals out connections among them) and hand it what
 * comes. A turn of the event loop takes in one connection a socket (libuv's uv__server_io): with a single one, connections
 * would wait for seconds while turns are long, although there is room for their requests. Probes come on new connections.
 * @param count how many
 */
export function createAcceptors(server: Server, count: number): Acceptors {
  const { allowHalfOpen } = server as { allowHalfOpen?: boolean }
  const acceptors = Array.from({ length: count }, () => {
    const acceptor = createServer({ noDelay: true, allowHalfOpen: allowHalfOpen === true })
    return acceptor.on('connection', (socket) => void server.emit('connection', socket))
  })
  let ends: Promise<unknown>[] = []
  return {
    async listen(address) {
      for (const acceptor of acceptors) await listening(acceptor, sharing(address))
    },
    stop() {
      ends = acceptors.map((acceptor) => new Promise((resolve) => acceptor.close(resolve)))
    },
    async ended() {
      await Promise.all(ends)
    },
  }
}

/** The address for a socket that others may join. */
export const sharing = (address: Address): ListenOptions => ({ ...address, reusePort: true })

/**
 * Makes sure that the port is free: a second gateway, started by mistake at a shared port, would get a part of
 * the connections in place of an error.
 * @throws Error EADDRINUSE, like listening itself
 */
export async function refuseTaken(address: Address): Promise<void> {
  const look = createServer()
  await listening(look, address)
  await new Promise((resolve) => look.close(resolve))
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options)
  await once(server, 'listening')
}

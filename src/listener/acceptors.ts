// This folder: the socket: TLS, HTTP/2, limits on heads, closing in order.

import cluster from 'node:cluster'
import { once } from 'node:events'
import { lstat, unlink } from 'node:fs/promises'
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket, connect } from 'node:net'

import type { Config } from '../config/schema.ts'

type Address = Config['server']['listen']
type Place = Pick<Address, 'host' | 'port'>

/** Keep-alive probes notice a client that has vanished while nothing is sent to it, as in the middle of an upload. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

/** Sockets at a shared port. Measured: more than these bring nothing. */
const sharedCount = 16

/**
 * How many sockets listen at an address. One in a worker: the primary accepts for it, and the primary's turns are short. One at
 * a Unix socket, and where the kernel does not deal out the connections of a shared port as Linux does.
 */
function countFor({ path }: Address): number {
  return path !== undefined || cluster.isWorker || process.platform !== 'linux' ? 1 : sharedCount
}

export type Acceptors = ReturnType<typeof createAcceptors>

/**
 * Several sockets that listen at one port (SO_REUSEPORT; the kernel deals out connections among them). A turn of the event
 * loop takes in one connection a socket (libuv's uv__server_io): with a single one, connections would wait for seconds while
 * turns are long, although there is room for their requests. Probes come on new connections.
 */
export function createAcceptors(address: Address, onConnection: (socket: Socket) => void) {
  const acceptors = Array.from({ length: countFor(address) }, () => createServer(socketOptions, onConnection))
  const [first] = acceptors as [Server, ...Server[]]
  let ends: Promise<unknown>[] = []
  return {
    /**
     * @returns the port, of an address with port 0 the one that was found; 0 for a Unix socket
     * @throws Error EADDRINUSE
     */
    async listen(): Promise<number> {
      const { path, host, port } = address
      if (path !== undefined) {
        await listening(first, { path })
        return 0
      }
      if (!cluster.isWorker) await refuseTaken({ host, port })
      await listening(first, acceptors.length > 1 ? sharing({ host, port }) : { host, port })
      const { port: found } = first.address() as AddressInfo
      for (const acceptor of acceptors.slice(1)) await listening(acceptor, sharing({ host, port: found }))
      return found
    },
    /** Takes in no more connections. */
    stop(): void {
      ends = acceptors.map((acceptor) => new Promise((resolve) => acceptor.close(resolve)))
    },
    /** Resolves when the connections that were taken in have ended. */
    async ended(): Promise<void> {
      await Promise.all(ends)
    },
    /** Whether a connection stays open for answers after the client has sent its last byte; HTTP needs it, TLS does not. */
    allowHalfOpen(allowHalfOpen: boolean): void {
      for (const acceptor of acceptors) Object.assign(acceptor, { allowHalfOpen })
    },
  }
}

/** The address for a socket that others may join. */
const sharing = (address: Place): ListenOptions => ({ ...address, reusePort: true })

/**
 * Makes sure that the port is free: a second gateway, started by mistake at a shared port, would get a part of
 * the connections in place of an error.
 * @throws Error EADDRINUSE, like listening itself
 */
async function refuseTaken(address: Place): Promise<void> {
  const look = createServer()
  await listening(look, address)
  await new Promise((resolve) => look.close(resolve))
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options)
  await once(server, 'listening')
}

/** Removes the socket file of a process that was killed. A socket that still accepts connections stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const isSocket = await lstat(path).then(
    (found) => found.isSocket(),
    () => false,
  )
  if (isSocket && !(await isAnswered(path))) await unlink(path)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

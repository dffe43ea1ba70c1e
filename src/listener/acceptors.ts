// This folder: the socket: TLS, HTTP/2, limits on heads, closing in order.

import cluster from 'node:cluster'
import { once } from 'node:events'
import { lstat, unlink } from 'node:fs/promises'
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket, connect } from 'node:net'

import type { Config } from '../config/schema.ts'

type Address = Config['server']['listen']
type Place = Pick<Address, 'host' | 'port'>

/** TCP keep-alive detects a client that has vanished while nothing is sent to it, for example during an upload. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

/** Sockets at a shared port. Measurements show no gain from more. */
const sharedCount = 16

/**
 * How many sockets listen at an address. One in a worker: the primary accepts its connections, and the primary's turns of the event
 * loop are short. One for a Unix socket, and on kernels that do not distribute the connections of a shared port as Linux does.
 */
function countFor({ path }: Address): number {
  return path !== undefined || cluster.isWorker || process.platform !== 'linux' ? 1 : sharedCount
}

export type Acceptors = ReturnType<typeof createAcceptors>

/**
 * Several sockets that listen at one port (SO_REUSEPORT; the kernel distributes connections among them). In each turn of the event
 * loop, a socket accepts one connection (libuv's uv__server_io). With a single socket, connections would wait for seconds while
 * turns are long, although there is capacity for their requests. This matters for probes, which use new connections.
 */
export function createAcceptors(address: Address, onConnection: (socket: Socket) => void) {
  const acceptors = Array.from({ length: countFor(address) }, () => createServer(socketOptions, onConnection))
  const [first] = acceptors as [Server, ...Server[]]
  let ends: Promise<unknown>[] = []
  return {
    /**
     * @returns the port, which the system has chosen for an address with port 0; 0 for a Unix socket
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
    /** Stops accepting connections. */
    stop(): void {
      ends = acceptors.map((acceptor) => new Promise((resolve) => acceptor.close(resolve)))
    },
    /** Resolves when the accepted connections have ended. */
    async ended(): Promise<void> {
      await Promise.all(ends)
    },
    /** Sets whether a connection stays open for answers after the client has ended its side. HTTP needs it, TLS does not. */
    allowHalfOpen(allowHalfOpen: boolean): void {
      for (const acceptor of acceptors) Object.assign(acceptor, { allowHalfOpen })
    },
  }
}

/** The address for a socket that others may join. */
const sharing = (address: Place): ListenOptions => ({ ...address, reusePort: true })

/**
 * Makes sure that the port is free. A second gateway that is started by mistake at a shared port would otherwise get a part of
 * the connections instead of an error.
 * @throws Error EADDRINUSE
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

/** Removes the socket file that a killed process has left. A socket that still accepts connections stays. */
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

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what systems give out by themselves (from 32768 on with Linux, from 49152 elsewhere), so that no connection and
 * no server that asked for any port takes one; above what browsers refuse. Redis Cluster uses the port 10,000 higher,
 * too, which no port of this range is.
 */
const firstPort = 11_000
const portCount = 9_000

/**
 * A port on 127.0.0.1 that is free, for a server whose address must be known before it starts, or that is to come back
 * at the same one. No other process gets it from here as long as this one lives.
 *
 * @throws Error when all are taken
 */
export async function freePort(): Promise<number> {
  const start = Math.floor(Math.random() * portCount)
  for (let tried = 0; tried < portCount; tried += 1) {
    const port = firstPort + ((start + tried) % portCount)
    if ((await reserve(port)) && (await isFree(port))) return port
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + portCount - 1} is free`)
}

/** Reserves a TCP port by holding the UDP port of the same number, which does not block the TCP port itself. */
async function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  // Held until the process ends, without keeping it alive.
  socket.unref()
  try {
    const bound = once(socket, 'listening')
    socket.bind({ port, address: '127.0.0.1', exclusive: true })
    await bound
    return true
  } catch {
    socket.close()
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    // Without a host this claims IPv6 and IPv4 at once: a port that is taken on either is not free.
    server.listen(port)
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

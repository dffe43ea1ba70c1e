import { once } from 'node:events'
import { createServer } from 'node:net'

const portsTried = 20

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  try {
    // Without a host this claims IPv6 and IPv4 at once: a port that is taken on either is not free.
    server.listen(port)
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/**
 * The preferred port, or the next free one; prints a line where it is not the preferred one.
 * @throws Error when this one and the next 19 are all taken
 */
export const freePort = async (preferred: number, purpose: string, log: (line: string) => void): Promise<number> => {
  for (let port = preferred; port < preferred + portsTried; port += 1) {
    if (!(await isFree(port))) continue
    if (port !== preferred) log(`Port ${preferred} is taken: ${purpose} takes ${port}.`)
    return port
  }
  throw new Error(`No port from ${preferred} to ${preferred + portsTried - 1} is free for ${purpose}.`)
}

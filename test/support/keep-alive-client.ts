import { Agent, get } from 'node:http'
import type { Socket } from 'node:net'

/** Limits the failures: after a failed test the gateway is down, and the client has to stop. */
const maxFailures = 1_000

/** A client that sends one request after the other on one connection, and records every answer and failure. */
export type Client = {
  statuses: (number | undefined)[]
  /** Own ports of the connections on which a request failed. */
  failedPorts: (number | undefined)[]
  stop(): Promise<void>
}

export function startClient(
  where: { port: number } | { socketPath: string },
  cookie: string,
  path = '/catalog',
): Client {
  const address = 'port' in where ? { host: '127.0.0.1', port: where.port } : { socketPath: where.socketPath }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const client: Client = { statuses: [], failedPorts: [], stop }
  let isStopped = false
  const stopped = askOn()

  async function askOn(): Promise<void> {
    while (!isStopped && client.failedPorts.length < maxFailures) await askOnce()
    agent.destroy()
  }

  function askOnce(): Promise<void> {
    return new Promise((resolve) => {
      let ownPort: number | undefined
      const headers = { cookie, 'sec-fetch-mode': 'cors' }
      const request = get({ ...address, path, headers, agent }, (response) => {
        client.statuses.push(response.statusCode)
        response.resume().on('close', resolve)
      })
      request.on('socket', (socket: Socket) => {
        ownPort = socket.localPort
        if (socket.connecting) socket.once('connect', () => void (ownPort = socket.localPort))
      })
      request.on('error', () => {
        client.failedPorts.push(ownPort)
        resolve()
      })
    })
  }

  async function stop(): Promise<void> {
    isStopped = true
    await stopped
  }

  return client
}

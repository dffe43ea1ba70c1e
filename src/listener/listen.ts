import cluster from 'node:cluster'
import { lstat, unlink } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'

import type { FastifyInstance } from 'fastify'

import type { Config } from '../config/schema.ts'
import { createAcceptors, refuseTaken, sharing } from './acceptors.ts'

/** Measured: more bring nothing. */
const acceptorCount = 15

/** Has the app listen, before it is ready. @returns what makes it listen */
export function prepareListening(app: FastifyInstance, { listen }: Config['server']): () => Promise<void> {
  const { path, host, port } = listen
  if (path !== undefined) return async () => void (await app.listen({ path }))
  // A primary takes in connections for its workers, and has nothing else to do. Elsewhere than on Linux ports are not shared so.
  if (cluster.isWorker || process.platform !== 'linux') return async () => void (await app.listen({ host, port }))

  const acceptors = createAcceptors(app.server, acceptorCount)
  app.addHook('preClose', async () => acceptors.stop())
  app.addHook('onClose', () => acceptors.ended())
  return async () => {
    await refuseTaken({ host, port })
    await app.listen(sharing({ host, port }) as { host: string; port: number })
    await acceptors.listen({ host, port: (app.server.address() as AddressInfo).port })
  }
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

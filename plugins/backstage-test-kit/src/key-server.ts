import { once } from 'node:events'
import { createServer } from 'node:http'

import { jwksPath } from '@stagedoor/assertion-contract'

export type KeyServer = { jwksUri: string; close: () => Promise<void> }

/** Publishes keys as Stagedoor does, on a free port of this machine. */
export async function startKeyServer(keys: () => Record<string, unknown>[]): Promise<KeyServer> {
  const server = createServer((request, response) => {
    const isThere = request.url === jwksPath
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isThere ? { keys: keys() } : {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return {
    jwksUri: `http://127.0.0.1:${address.port}${jwksPath}`,
    async close() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

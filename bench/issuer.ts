import { once } from 'node:events'
import { createServer } from 'node:http'

import { freePort } from './process.ts'

/** The least of a login service that discovery needs. */
export async function startIssuer(): Promise<{ url: string; stop: () => void }> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const endpoints = { authorization_endpoint: `${url}authorize`, token_endpoint: `${url}token`, jwks_uri: `${url}jwks` }
  const server = createServer((_request, response) => response.end(JSON.stringify({ issuer: url, ...endpoints })))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { url, stop: () => server.close() }
}

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'

import t, { type Test } from 'tap'

import { startGateway } from './support.ts'

const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'support', 'tls', `${name}.pem`), 'utf8')

/** An upstream with a certificate for `docs.internal` that asks for a client certificate. */
async function startTlsOrigin(t: Test): Promise<{ url: string; names: (string | false | null)[] }> {
  const names: (string | false | null)[] = []
  const options = { key: pem('server-key'), cert: pem('server'), ca: pem('ca'), requestCert: true }
  const server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    const socket = request.socket as TLSSocket
    names.push((socket as TLSSocket & { servername: string | false | null }).servername)
    const { subject } = socket.getPeerCertificate()
    response.end(JSON.stringify({ isTrusted: socket.authorized, client: subject?.CN ?? null }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, names }
}

t.test(
  'an upstream over TLS is verified against the configured authority and name, and gets our certificate',
  async (t) => {
    const origin = await startTlsOrigin(t)
    const tls = { ca: pem('ca'), certificate: pem('client'), key: pem('client-key'), serverName: 'docs.internal' }
    const { url } = await startGateway(t, { upstream: { url: origin.url, tls } })
    t.same(await (await fetch(url)).json(), { isTrusted: true, client: 'stagedoor' })
    t.same(await (await fetch(url)).json(), { isTrusted: true, client: 'stagedoor' })
    t.same(origin.names, ['docs.internal', 'docs.internal'])
  },
)

for (const [what, tls] of [
  ['signed by an authority that we do not know', { serverName: 'docs.internal' }],
  ['for another name than the one we were told', { ca: pem('ca'), serverName: 'other.internal' }],
  ['for another name than the host of the URL', { ca: pem('ca') }],
] as const) {
  t.test(`a certificate ${what} gives a 502, and nothing is sent`, async (t) => {
    const origin = await startTlsOrigin(t)
    const { url } = await startGateway(t, { upstream: { url: origin.url, tls } })
    t.equal((await fetch(url)).status, 502)
    t.same(origin.names, [])
  })
}

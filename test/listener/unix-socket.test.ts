import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { removeStaleSocket } from '../../src/listener/acceptors.ts'
import { startGateway } from '../support/gateway.ts'
import { startOrigin } from '../support/origin.ts'

async function socketPath(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-socket-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'http.sock')
}

function get(path: string, url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: path, path: url, headers: { host: 'portal.example.com', ...headers } },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode))
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

async function startOnSocket(t: Test, trustedProxies: string[]) {
  const path = await socketPath(t)
  const origin = await startOrigin(t)
  const auth0 = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }
  const config = { server: { baseUrl: 'http://localhost:1', trustedProxies, listen: { path } } }
  const gateway = await startGateway(t, { auth0, upstream: origin.url, port: 1, config, listen: { path } })
  return { ...gateway, path, origin }
}

t.test('the proxy on a Unix socket is trusted if configured', async (t) => {
  const gateway = await startOnSocket(t, ['unix'])
  const status = await get(gateway.path, '/public/x', {
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
  })
  t.equal(status, 200)
  t.match(gateway.origin.seen[0]?.headers, { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' })
})

t.test('an untrusted peer on a Unix socket is a client without an address', async (t) => {
  const gateway = await startOnSocket(t, [])
  t.equal(await get(gateway.path, '/public/x', { 'x-forwarded-for': '203.0.113.9' }), 200)
  t.match(gateway.origin.seen[0]?.headers, { 'x-forwarded-for': 'unknown', 'x-forwarded-proto': 'http' })
})

t.test('a stale socket file is removed, and one in use is not', async (t) => {
  const path = await socketPath(t)
  const server = createServer().listen(path)
  await once(server, 'listening')
  await removeStaleSocket(path)
  t.ok((await stat(path)).isSocket())
  server.close()
  await once(server, 'close')
  await removeStaleSocket(path)
  await t.rejects(stat(path), { code: 'ENOENT' })
})

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { createUpstream } from '../../src/proxy/upstream-connections.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'
import { upstreamWith } from '../support/upstream-options.ts'
import { startGateway, startOrigin } from './support.ts'

/** An origin that answers with its name and counts its requests. */
async function startNamed(t: Test, name: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const { url } = await startOrigin(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end(name)
  })
  return { url, asked }
}

const nowhere = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`

t.test('an unreachable address fails no request without a body, and gets no requests afterwards', async (t) => {
  const origin = await startNamed(t, 'b')
  const dead = await nowhere()
  const changes: string[] = []
  const { url } = await startGateway(t, {
    upstream: {
      urls: [dead, origin.url],
      onChange: (address, cause) =>
        void changes.push(`${address === dead ? 'dead' : 'b'} ${cause ? 'fails' : 'answers'}`),
    },
  })
  for (const method of ['GET', 'DELETE', 'GET', 'PUT', 'GET']) {
    t.equal(await (await fetch(url, { method })).text(), 'b')
  }
  t.same(changes, ['dead fails'])
})

t.test('a request that is not idempotent is not sent to another address', async (t) => {
  const origin = await startNamed(t, 'b')
  // The rotation starts with the second address.
  const { url } = await startGateway(t, { upstream: { urls: [origin.url, await nowhere()] } })
  t.equal((await fetch(url, { method: 'POST' })).status, 502)
  t.same(origin.asked, [])
  t.equal((await fetch(url, { method: 'POST' })).status, 200)
})

t.test('a request goes to the address with the fewest requests under way', async (t) => {
  const held = Promise.withResolvers<ServerResponse>()
  const slow = await startOrigin(t, (_request, response) => held.resolve(response))
  const quick = await startNamed(t, 'quick')
  const { url } = await startGateway(t, { upstream: { urls: [quick.url, slow.url] } })
  const first = fetch(url)
  const response = await held.promise
  for (let i = 0; i < 5; i++) t.equal(await (await fetch(url)).text(), 'quick')
  response.end('slow')
  t.equal(await (await first).text(), 'slow')
})

t.test('without a reachable address the answer is 502, and the first address that is back is used', async (t) => {
  const port = await freePort()
  const urls = [`http://127.0.0.1:${port}`, await nowhere()]
  const { url } = await startGateway(t, { upstream: { urls, coolDownMs: 60_000 } })
  t.equal((await fetch(url)).status, 502)
  const server = createServer((_request, response) => response.end('back')).listen(port, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const answer = await fetch(url)
  t.equal(await answer.text(), 'back')
  server.closeAllConnections()
})

t.test('an address whose probes fail gets no requests until they succeed again', async (t) => {
  let isWell = false
  let probes = 0
  const asked: string[] = []
  const shaky = await startOrigin(t, (request, response) => {
    if (request.url !== '/health') asked.push(request.url ?? '')
    else probes += 1
    response.writeHead(isWell ? 200 : 503).end('shaky')
  })
  const steady = await startNamed(t, 'steady')
  const upstream = createUpstream(
    upstreamWith({ urls: [shaky.url, steady.url], probe: { path: '/health', everyMs: 10, timeoutMs: 1_000 } }),
  )
  t.teardown(() => upstream.close())
  t.same(upstream.condition(), { addresses: 2, failing: 0 })
  await until(() => upstream.condition().failing === 1)
  const choices = new Set([1, 2, 3, 4].map(() => upstream.requests.choose(undefined)))
  t.equal(choices.size, 1)
  isWell = true
  await until(() => upstream.condition().failing === 0)
  t.equal(new Set([1, 2, 3, 4].map(() => upstream.requests.choose(undefined))).size, 2)
  t.same(asked, [])
  t.ok(probes >= 3)
})

t.test('a probe without an answer in time fails', async (t) => {
  const mute = await startOrigin(t, () => {})
  const upstream = createUpstream(upstreamWith({ urls: [mute.url], probe: { path: '/', everyMs: 1, timeoutMs: 20 } }))
  t.teardown(() => upstream.close())
  await until(() => upstream.condition().failing === 1)
  t.same(upstream.condition(), { addresses: 1, failing: 1 })
})

t.test('an upstream without addresses is refused', async (t) => {
  t.throws(() => createUpstream(upstreamWith({ urls: [] })), { name: 'TypeError' })
})

t.test('an upstream may listen on a Unix socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-socket-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'http.sock')
  const server = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`)).listen(
    path,
  )
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const probe = { path: '/health', everyMs: 1_000, timeoutMs: 1_000 }
  const { url } = await startGateway(t, { upstream: { url: `unix:${path}`, probe } })
  t.equal(await (await fetch(`${url}/a?b`)).text(), 'portal.example.com /a?b')
})

t.test('a path prefix is replaced, the query stays, and the upstream gets the prefix in a header', async (t) => {
  const origin = await startOrigin(t, (request, response) =>
    response.end(JSON.stringify([request.url, request.headers['x-forwarded-prefix']])),
  )
  const rewrite = { from: '/docs', to: '/' }
  const { url } = await startGateway(t, { upstream: { url: origin.url, rewrite } })
  const answer = await fetch(`${url}/docs/a%20b?c=/docs`, { headers: { 'x-forwarded-prefix': '/forged' } })
  t.same(await answer.json(), ['/a%20b?c=/docs', '/docs'])
  const outside = await fetch(`${url}/admin`)
  t.same([outside.status, await outside.json()], [404, { code: 'STAGEDOOR_BOUNDARY_NOT_FOUND' }])
})

import { once } from 'node:events'
import { Agent as HttpAgent, get, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'

import t, { type Test } from 'tap'
import { WebSocket } from 'ws'

import { type ConfigOverrides, startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'

const nowhere = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }

/** A gateway with these limits, and an upstream with public access. */
async function startLimited(t: Test, server: ConfigOverrides) {
  const port = await freePort()
  const { url: upstream } = await startStreamingOrigin(t)
  return startGateway(t, {
    auth0: nowhere,
    upstream,
    port,
    config: { server: { baseUrl: `http://localhost:${port}`, ...server } },
  })
}

/** Sends one request, over the agent's connection or a new one. */
async function ask(url: string, headers: Record<string, string> = {}, agent?: HttpAgent) {
  const [response] = (await once(get(url, { headers, ...(agent && { agent }) }), 'response')) as [IncomingMessage]
  const text = (await response.setEncoding('utf8').toArray()).join('')
  return { status: response.statusCode, headers: response.headers, text }
}

async function openConnection(t: Test, { port }: URL): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** The status line of the next answer. */
async function answerOn(socket: Socket): Promise<string | undefined> {
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString('latin1').split('\r\n')[0]
}

t.test('past the limit on requests the answer is 503 with Retry-After, and probes are answered', async (t) => {
  const { directUrl, admin, logged } = await startLimited(t, { maxRequests: 1, overload: { retryAfter: '3s' } })
  const stream = await openAnswer(t, `${directUrl}/public/stream`, '')

  const refused = await ask(`${directUrl}/public/a`)
  t.match(refused, {
    status: 503,
    headers: { 'retry-after': '3', 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  })
  t.equal(refused.headers['set-cookie'], undefined)
  t.match(JSON.parse(refused.text), {
    status: 503,
    code: 'STAGEDOOR_BOUNDARY_OVERLOADED',
    reason: 'requests',
    request_id: refused.headers['x-request-id'],
  })

  const page = await ask(`${directUrl}/`, { accept: 'text/html' })
  t.match(page, { status: 503, headers: { 'retry-after': '3', 'content-type': /^text\/html/ } })
  t.match(page.text, page.headers['x-request-id'])

  for (const probe of ['live', 'ready']) t.equal((await ask(`${directUrl}/.stagedoor/health/${probe}`)).status, 200)
  t.ok(stream.isOpen(), 'what is open stays open')

  const metrics = (await admin.inject('/metrics')).body
  t.match(metrics, 'stagedoor_shed_total{reason="requests"} 2')
  t.match(metrics, 'stagedoor_shed_total{reason="delay"} 0')
  const lines = logged.filter(({ refused }) => refused !== undefined)
  t.same(
    lines.map(({ refused }) => refused),
    [{ requests: 1 }],
    'one log line, not one a request',
  )
})

t.test('a request that has ended makes room for another', async (t) => {
  const { directUrl } = await startLimited(t, { maxRequests: 1 })
  const [response] = (await once(get(`${directUrl}/public/stream`), 'response')) as [IncomingMessage]
  t.equal((await ask(`${directUrl}/public/a`)).status, 503)
  response.destroy()
  let status: number | undefined
  for (let i = 0; i < 1_000 && status !== 200; i += 1) status = (await ask(`${directUrl}/public/a`)).status
  t.equal(status, 200)
})

t.test('past the limit an open WebSocket stays open, and a new one is refused', async (t) => {
  const { directUrl } = await startLimited(t, { maxRequests: 1 })
  const open = await openSocket(t, `${directUrl}/public/socket`, '')
  await openAnswer(t, `${directUrl}/public/stream`, '')
  const another = new WebSocket(`${directUrl.replace('http', 'ws')}/public/socket`)
  const [error] = (await once(another, 'error')) as [Error]
  t.match(error.message, '503')
  t.ok(open.isOpen())
})

t.test('a connection past the limit gets a 503 and is closed, while probes are answered', async (t) => {
  const { directUrl, admin } = await startLimited(t, { maxConnections: 1 })
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  t.equal((await ask(`${directUrl}/public/a`, {}, agent)).status, 200)

  const refused = await ask(`${directUrl}/public/a`)
  t.match(refused, { status: 503, headers: { connection: 'close', 'retry-after': '2' } })
  t.equal(JSON.parse(refused.text).reason, 'connections')
  t.equal((await ask(`${directUrl}/.stagedoor/health/live`)).status, 200)
  t.equal((await ask(`${directUrl}/public/a`, {}, agent)).status, 200, 'the first one is served on')
  t.match((await admin.inject('/metrics')).body, /stagedoor_client_connections \d/)
})

t.test('a connection that has ended makes room for another', async (t) => {
  const { directUrl } = await startLimited(t, { maxConnections: 1 })
  const first = await openConnection(t, new URL(directUrl))
  t.equal((await ask(`${directUrl}/public/a`)).status, 503)
  first.destroy()
  await until(async () => (await ask(`${directUrl}/public/a`)).status === 200)
})

t.test('connections far past the limit are closed at once', async (t) => {
  const { directUrl } = await startLimited(t, { maxConnections: 1 })
  const url = new URL(directUrl)
  const sockets: Socket[] = []
  for (let i = 0; i < 17; i += 1) sockets.push(await openConnection(t, url))
  const last = connect(Number(url.port), '127.0.0.1')
  last.on('error', () => undefined)
  await once(last.resume(), 'close')
  t.ok(sockets.every((socket) => !socket.destroyed))
})

t.test('a refused request with a large body is not read further: the connection is closed', async (t) => {
  const { directUrl } = await startLimited(t, { maxRequests: 1 })
  await openAnswer(t, `${directUrl}/public/stream`, '')
  const rows: [headers: Record<string, string>, connection: string][] = [
    [{ 'content-length': '10' }, 'keep-alive'],
    [{ 'content-length': '10000000' }, 'close'],
    [{ 'transfer-encoding': 'chunked' }, 'close'],
  ]
  const agent = new HttpAgent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  for (const [headers, connection] of rows) {
    const sent = request(`${directUrl}/public/upload`, { method: 'POST', headers, agent })
    sent.on('error', () => undefined)
    sent.flushHeaders()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    t.match([response.statusCode, response.headers.connection], [503, connection])
    sent.destroy()
  }
})

t.test('all concurrent requests are served, even if they exceed what one turn of the event loop starts', async (t) => {
  const { directUrl, admin } = await startLimited(t, {})
  const url = new URL(directUrl)
  const sockets = await Promise.all(Array.from({ length: 200 }, () => openConnection(t, url)))
  const answers = sockets.map((socket) => answerOn(socket))
  for (const socket of sockets) socket.write(`GET /public/a HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  t.same(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200 OK']))
  t.match((await admin.inject('/metrics')).body, 'stagedoor_waiting_clients 0')
})

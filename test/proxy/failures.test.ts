import { once } from 'node:events'
import { type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'

import t from 'tap'

import { freePort } from '../support/ports.ts'
import { connectRaw, readUntil, startGateway, startOrigin, startRawOrigin } from './support.ts'

async function outcome(answer: Promise<Response>): Promise<[number, unknown]> {
  const { status, ...rest } = await answer.then(async (given) => ({ status: given.status, body: await given.json() }))
  return [status, rest.body]
}

t.test('an unreachable upstream gives a 502', async (t) => {
  const { url } = await startGateway(t, { upstream: { url: `http://127.0.0.1:${await freePort()}` } })
  t.same(await outcome(fetch(url)), [502, { code: 'STAGEDOOR_PROXY_UNREACHABLE' }])
  t.same(await outcome(fetch(url, { method: 'POST', body: 'x'.repeat(300_000) })), [
    502,
    { code: 'STAGEDOOR_PROXY_UNREACHABLE' },
  ])
})

t.test('an upstream that does not answer in time gives a 504', async (t) => {
  const origin = await startOrigin(t, () => {})
  const { url } = await startGateway(t, { upstream: { url: origin.url, headersTimeoutMs: 20 } })
  t.same(await outcome(fetch(url)), [504, { code: 'STAGEDOOR_PROXY_TIMEOUT' }])
})

for (const [name, bytes] of [
  ['nonsense', 'nonsense\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  [
    'length and chunks',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\na'],
  ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
  ['a coding alone', 'HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\na'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n'],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n'],
  ['a control character', 'HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n'],
  ['a bare carriage return', 'HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 0\r\n\r\n'],
  ['a name that is none', 'HTTP/1.1 200 OK\r\nx y: a\r\ncontent-length: 0\r\n\r\n'],
  ['a status that is none', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n'],
  ['an upgrade that no field names', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
] as const) {
  t.test(`an unreadable answer of an upstream gives a 502: ${name}`, async (t) => {
    const origin = await startRawOrigin(t, (_head, socket) => socket.end(bytes))
    const { url } = await startGateway(t, { upstream: { url: origin.url } })
    t.same(await outcome(fetch(url)), [502, { code: 'STAGEDOOR_PROXY_BAD_RESPONSE' }])
  })
}

t.test('a response head over the limit gives a 502 with its own code', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(9_000)}\r\n\r\n`),
  )
  const { url } = await startGateway(t, { upstream: { url: origin.url, maxHeaderBytes: 8_192 } })
  t.same(await outcome(fetch(url)), [502, { code: 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE' }])
})

/** An upstream that answers once on its first connection and drops that connection's second request. */
async function startDyingOrigin(t: Parameters<typeof startRawOrigin>[0]): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = []
  const used = new Set<object>()
  const origin = await startRawOrigin(t, (head, socket) => {
    requests.push(head.slice(0, head.indexOf(' HTTP')))
    if (used.has(socket)) return socket.destroy()
    used.add(socket)
    return socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  })
  return { url: origin.url, requests }
}

t.test('a GET is sent again if its idle connection has just closed', async (t) => {
  const origin = await startDyingOrigin(t)
  const { url } = await startGateway(t, { upstream: { url: origin.url } })
  t.equal(await (await fetch(`${url}/1`)).text(), 'ok')
  t.equal(await (await fetch(`${url}/2`)).text(), 'ok')
  t.same(origin.requests, ['GET /1', 'GET /2', 'GET /2'])
})

for (const [what, body] of [
  ['with a body', 'x'],
  ['without a body', null],
] as const) {
  t.test(`a POST ${what} is never sent twice`, async (t) => {
    const origin = await startDyingOrigin(t)
    const { url } = await startGateway(t, { upstream: { url: origin.url } })
    t.equal(await (await fetch(`${url}/1`)).text(), 'ok')
    const answer = await fetch(`${url}/2`, { method: 'POST', body })
    t.same([answer.status, origin.requests], [502, ['GET /1', 'POST /2']])
  })
}

t.test('a GET is retried only once', async (t) => {
  const requests: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => {
    requests.push(head.slice(0, 5))
    socket.destroy()
  })
  const { url } = await startGateway(t, { upstream: { url: origin.url } })
  t.same(await outcome(fetch(url)), [502, { code: 'STAGEDOOR_PROXY_UNREACHABLE' }])
  t.equal(requests.length, 2)
})

t.test(
  'an overloaded upstream gets requests up to its limit, and the rest get a quick 503 with Retry-After',
  async (t) => {
    const first = Promise.withResolvers<ServerResponse>()
    const origin = await startOrigin(t, (request, response) => {
      if (request.url === '/first') first.resolve(response)
      else response.end('{}')
    })
    const { url } = await startGateway(t, { upstream: { url: origin.url, maxConnections: 1, maxWaiting: 1 } })
    const served = fetch(`${url}/first`)
    const held = await first.promise
    const waiters = [fetch(`${url}/second`), fetch(`${url}/third`)]
    const refused = await Promise.race(waiters)
    t.same([refused.status, refused.headers.get('retry-after')], [503, '1'])
    t.same(await refused.json(), { code: 'STAGEDOOR_PROXY_OVERLOADED' })
    held.end('{}')
    const answers = await Promise.all([served, ...waiters])
    t.equal(answers.filter(({ status }) => status === 200).length, 2)
  },
)

t.test('event streams do not count towards the limit of requests', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    if (request.url !== '/stream') return response.end('{}')
    return response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  const { port, url } = await startGateway(t, { upstream: { url: origin.url, maxConnections: 1, maxWaiting: 0 } })
  const stream = connectRaw(t, port, 'GET /stream HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n')
  await readUntil(stream, 'data: 1')
  t.equal((await fetch(url)).status, 200)
})

t.test('a failure during an upload closes the connection, so that the rest is not read as a request', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.destroy())
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(t, port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npart')
  t.match(await readUntil(client, undefined), /^HTTP\/1\.1 502 [\s\S]*connection: close/i)
})

t.test('a client that disconnects before the upstream connection is established frees its place', async (t) => {
  const arrived = Promise.withResolvers<Socket>()
  // The server leaves the TLS handshake unanswered until the connection closes.
  let seen = 0
  const upstream = createTcpServer((socket) => {
    socket.on('error', () => {})
    if ((seen += 1) === 1) arrived.resolve(socket)
    else socket.destroy()
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => upstream.close())
  const { port } = upstream.address() as AddressInfo
  const gateway = await startGateway(t, {
    upstream: { urls: [`https://127.0.0.1:${port}`], maxConnections: 1, maxWaiting: 1 },
  })
  const client = connectRaw(t, gateway.port, 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n')
  const socket = await arrived.promise
  client.destroy()
  const next = fetch(gateway.url)
  socket.destroy()
  t.equal((await next).status, 502, 'the next one had its turn')
  t.equal(gateway.openConnections.size, 0)
})

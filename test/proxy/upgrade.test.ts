import { once } from 'node:events'
import { get, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

import { GatewayError } from '../../src/errors/gateway-error.ts'
import { until } from '../support/until.ts'
import { connectRaw, jane, publicOrigin, readUntil, startGateway, startOrigin, startRawOrigin } from './support.ts'

const handshake = [
  'GET /api/signals HTTP/1.1',
  'Host: a',
  'Connection: Upgrade, x-stagedoor-assertion',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'X-Stagedoor-Assertion: forged',
  'Cookie: __Host-stagedoor=secret; a=1',
]

const text = (...more: string[]) => `${[...handshake, ...more].join('\r\n')}\r\n\r\n`
const switching = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n'

/** An upstream that echoes WebSocket messages and chooses the first sub-protocol offered. */
async function startEcho(t: Test): Promise<{ url: string; sockets: WebSocketServer }> {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true })
  await once(sockets, 'listening')
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  })
  return { url: `http://127.0.0.1:${(sockets.address() as AddressInfo).port}`, sockets }
}

t.test('a WebSocket passes with sub-protocol, compression, messages and close code', async (t) => {
  const echo = await startEcho(t)
  const { port, openConnections } = await startGateway(t, { upstream: { url: echo.url }, principal: jane })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/signals`, ['token-1'], { origin: publicOrigin })
  await once(socket, 'open')
  t.same([socket.protocol, socket.extensions, openConnections.size], ['token-1', 'permessage-deflate', 1])
  const long = 'm'.repeat(1_000_000)
  socket.send(long)
  t.equal(String((await once(socket, 'message'))[0]), long)
  socket.close(4000, 'done')
  const [code, reason] = await once(socket, 'close')
  t.same([code, String(reason)], [4000, 'done'])
})

t.test('the head of an upgrade follows the same rules as that of a request', async (t) => {
  const heads: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => {
    heads.push(head)
    socket.write(`${switching}sec-websocket-accept: x\r\nset-cookie: __Host-stagedoor=evil\r\n\r\nhello`)
  })
  const identity = { headers: ['X-Stagedoor-Assertion', 'signed'], replacesAuthorization: false }
  const { port } = await startGateway(t, { upstream: { url: origin.url }, identity })
  const answer = await readUntil(connectRaw(t, port, text()), 'hello')
  t.match(
    heads[0],
    'GET /api/signals HTTP/1.1\r\nhost: portal.example.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n',
  )
  t.match(heads[0], '\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')
  t.match(heads[0], '\r\nX-Stagedoor-Assertion: signed\r\n')
  t.match(heads[0], '\r\nCookie: a=1\r\n')
  t.notMatch(heads[0], /forged|secret/)
  t.match(answer, 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n')
  t.match(answer, 'sec-websocket-accept: x\r\n')
  t.match(answer, 'x-request-id: request-1\r\n')
  t.notMatch(answer, 'evil')
})

t.test('bytes after the handshake are forwarded only after the upstream grants the upgrade', async (t) => {
  const first = Promise.withResolvers<string>()
  const second = Promise.withResolvers<string>()
  const origin = await startRawOrigin(t, (head, socket) => {
    first.resolve(head)
    socket.on('data', (data) => second.resolve(String(data)))
    socket.write(`${switching}\r\n`)
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  connectRaw(t, port, `${text()}early bytes`)
  t.notMatch(await first.promise, 'early bytes')
  t.equal(await second.promise, 'early bytes')
})

t.test(
  'an answer other than 101 is forwarded unchanged, and bytes that the client sent after its request are not',
  async (t) => {
    const seen: string[] = []
    const origin = await startRawOrigin(t, (head, socket) => {
      seen.push(head)
      socket.on('data', (data) => seen.push(String(data)))
      socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\nx-theirs: 1\r\n\r\nnot there')
    })
    const { port, openConnections } = await startGateway(t, { upstream: { url: origin.url } })
    const smuggled = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n'
    const answer = await readUntil(connectRaw(t, port, text() + smuggled), undefined)
    t.match(answer, /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*x-theirs: 1\r\n[\s\S]*not there$/)
    t.equal(seen.length, 1)
    t.notMatch(seen[0], '/admin')
    t.equal(openConnections.size, 0)
  },
)

t.test('a large answer other than 101 is forwarded completely', async (t) => {
  const body = 'x'.repeat(5_000_000)
  const origin = await startOrigin(t, () => {})
  origin.server.on('upgrade', (_request, socket) => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const answer = await readUntil(connectRaw(t, port, text()), undefined)
  t.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, body.length)
})

t.test('an upgrade that an earlier stage refuses gets a plain HTTP answer and the connection closes', async (t) => {
  const origin = await startOrigin(t, () => t.fail('the upstream was reached'))
  const { port } = await startGateway(t, {
    upstream: { url: origin.url },
    earlierStage: (app) =>
      app.addHook('onRequest', async () => {
        throw new GatewayError('STAGEDOOR_POLICY_UNAUTHENTICATED')
      }),
  })
  const answer = await readUntil(connectRaw(t, port, text()), undefined)
  t.match(answer, /^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*Connection: close[\s\S]*STAGEDOOR_POLICY_UNAUTHENTICATED"}$/)
})

t.test('no upgrade reaches an upstream without a decision', async (t) => {
  const origin = await startOrigin(t, () => t.fail('the upstream was reached'))
  const { port } = await startGateway(t, { upstream: { url: origin.url }, decision: undefined })
  t.match(await readUntil(connectRaw(t, port, text()), undefined), /^HTTP\/1\.1 500 /)
})

for (const [origin, isUser, expected] of [
  [publicOrigin, true, 101],
  [undefined, true, 101],
  ['https://evil.example.com', true, 403],
  ['http://portal.example.com', true, 403],
  ['https://portal.example.com.evil.example', true, 403],
  ['null', true, 403],
  ['https://evil.example.com', false, 101],
] as const) {
  t.test(`an upgrade with Origin ${origin} of a ${isUser ? 'user' : 'machine'} gets ${expected}`, async (t) => {
    const upstream = await startRawOrigin(t, (_head, socket) => socket.write(`${switching}\r\n`))
    const more = isUser ? { principal: jane } : {}
    const { port } = await startGateway(t, { upstream: { url: upstream.url }, ...more })
    const client = connectRaw(t, port, origin === undefined ? text() : text(`Origin: ${origin}`))
    t.match(await readUntil(client, '\r\n\r\n'), new RegExp(`^HTTP/1.1 ${expected} `))
  })
}

t.test('an upgrade that the upstream leaves unanswered gets a 504', async (t) => {
  const origin = await startRawOrigin(t, () => {})
  const { port } = await startGateway(t, { upstream: { url: origin.url, handshakeTimeoutMs: 20 } })
  t.match(await readUntil(connectRaw(t, port, text()), undefined), /^HTTP\/1\.1 504 [\s\S]*STAGEDOOR_PROXY_TIMEOUT/)
})

t.test('an upgrade to an upstream that hangs up gets a 502', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.destroy())
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  t.match(await readUntil(connectRaw(t, port, text()), undefined), /^HTTP\/1\.1 502 [\s\S]*STAGEDOOR_PROXY_UNREACHABLE/)
})

t.test('when one side closes, the other side is closed too', async (t) => {
  const echo = await startEcho(t)
  const { port, openConnections } = await startGateway(t, { upstream: { url: echo.url } })
  for (const side of ['client', 'upstream']) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
    await once(socket, 'open')
    const [peer] = echo.sockets.clients
    const [goes, stays] = side === 'client' ? [socket, peer] : [peer, socket]
    const gone = once(stays as WebSocket, 'close')
    goes?.terminate()
    await gone
  }
  t.equal(openConnections.size, 0)
})

t.test('a client connection that is cut without an error ends its upstream connection', async (t) => {
  const echo = await startEcho(t)
  const { port, app, openConnections } = await startGateway(t, { upstream: { url: echo.url } })
  const accepted = once(app.server, 'connection')
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(socket, 'open')
  const [peer] = echo.sockets.clients
  const gone = once(peer as WebSocket, 'close')
  const [connection] = (await accepted) as [Socket]
  connection.destroy()
  await gone
  await until(() => openConnections.size === 0)
})

t.test('the end of a session closes only its own WebSockets, with its close code', async (t) => {
  const echo = await startEcho(t)
  const { port, openConnections } = await startGateway(t, { upstream: { url: echo.url }, principal: jane })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(socket, 'open')
  const [peer] = echo.sockets.clients
  const peerClosed = once(peer as WebSocket, 'close')
  t.equal(openConnections.closeSession('session-2', 4401, 'session ended'), 0)
  t.equal(openConnections.closeSession('session-1', 4401, 'session ended'), 1)
  const [code, reason] = await once(socket, 'close')
  t.same([code, String(reason)], [4401, 'session ended'])
  await peerClosed
})

t.test('a shutdown closes WebSockets with 1001', async (t) => {
  const echo = await startEcho(t)
  const { port, app } = await startGateway(t, { upstream: { url: echo.url } })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(socket, 'open')
  const closed = once(socket, 'close')
  await app.close()
  t.equal((await closed)[0], 1001)
})

t.test('an upgrade to any other protocol than websocket is an ordinary request', async (t) => {
  const seen: unknown[] = []
  const origin = await startOrigin(t, (request, response) => {
    seen.push(request.headers.upgrade, request.headers['http2-settings'])
    response.end('plain')
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' }
  const [answer] = await once(get({ port, host: '127.0.0.1', headers }), 'response')
  t.same([answer.statusCode, seen], [200, [undefined, undefined]])
  answer.resume()
})

t.test('an upgrade with a body is an ordinary request', async (t) => {
  const origin = await startOrigin(t, (request, response) => response.end(request.headers.upgrade ?? 'plain'))
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(t, port, `${text('Content-Length: 4')}body`)
  t.match(await readUntil(client, 'plain'), /^HTTP\/1\.1 200 /)
})

t.test('a handshake after an unanswered request is an ordinary request and waits for its turn', async (t) => {
  const held = Promise.withResolvers<ServerResponse>()
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/first') held.resolve(response)
    else response.end(`upgrade: ${request.headers.upgrade}`)
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(t, port, `GET /first HTTP/1.1\r\nHost: a\r\n\r\n${text()}`)
  const first = await held.promise
  first.end('first')
  t.match(await readUntil(client, undefined), /^HTTP\/1\.1 200 [^]*first[^]*HTTP\/1\.1 200 [^]*upgrade: undefined/)
})

for (const expected of [101, 404]) {
  t.test(`onResponse hooks see an upgrade that was answered ${expected}, once`, async (t) => {
    const answer = expected === 101 ? switching : 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n'
    const origin = await startRawOrigin(t, (_head, socket) => socket.write(`${answer}\r\n`))
    const seen: number[] = []
    const { port } = await startGateway(t, {
      upstream: { url: origin.url },
      earlierStage: (app) => app.addHook('onResponse', async (_request, reply) => void seen.push(reply.raw.statusCode)),
    })
    const client = connectRaw(t, port, text())
    await readUntil(client, '\r\n\r\n')
    const closed = once(client, 'close')
    client.end()
    await closed
    t.same(seen, [expected])
  })
}

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { connect as connectTls } from 'node:tls'

import t from 'tap'

import { until } from '../support/until.ts'
import { ask, connectHttp2, startTlsGateway } from './support.ts'

t.test('an HTTP/2 request reaches the upstream as HTTP/1.1 with the identity', async (t) => {
  const gateway = await startTlsGateway(t)
  const session = connectHttp2(t, gateway)
  const answer = await ask(session, {
    ':path': '/catalog?kind=component',
    cookie: ['theme=dark', gateway.cookie, 'lang=en'],
    te: 'trailers',
    'x-stagedoor-assertion': 'forged',
  })
  t.equal(answer.headers[':status'], 200)
  const [seen] = gateway.origin.seen
  t.equal(seen?.url, '/catalog?kind=component')
  t.match(seen?.headers, {
    host: `localhost:${gateway.port}`,
    cookie: 'theme=dark; lang=en',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': `localhost:${gateway.port}`,
    'x-stagedoor-assertion': /^eyJ/,
  })
  t.notOk(
    seen?.rawHeaders.some((name) => name.startsWith(':')),
    'pseudo-header fields stay behind',
  )
  t.equal(seen?.headers.te, undefined)
  t.match(answer.headers['x-request-id'], /^[0-9a-f-]{36}$/)
  t.match(gateway.records(), [{ outcome: 'allow', status: 200, path: '/catalog' }])
})

t.test('a body over HTTP/2 arrives with and without a length', async (t) => {
  const bodies: string[] = []
  const gateway = await startTlsGateway(t, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => {
      bodies.push(body)
      response.end('ok')
    })
  })
  const session = connectHttp2(t, gateway)
  const head = { ':path': '/public/x', ':method': 'POST' }
  await ask(session, { ...head, 'content-length': 5 }, 'sized')
  await ask(session, head, 'unsized')
  t.same(bodies, ['sized', 'unsized'])
})

t.test('cookies of the upstream stay separate, and connection fields are removed', async (t) => {
  const gateway = await startTlsGateway(t, (_request, response) => {
    response.writeHead(
      200,
      'Fine',
      [
        ['set-cookie', 'a=1', 'set-cookie', 'b=2'],
        ['connection', 'keep-alive, x-hop', 'x-hop', '1', 'transfer-encoding', 'chunked'],
      ].flat(),
    )
    response.end('ok')
  })
  const answer = await ask(connectHttp2(t, gateway), { ':path': '/public/x' })
  t.match(answer, { headers: { ':status': 200, 'set-cookie': ['a=1', 'b=2'] }, text: 'ok', resetCode: 0 })
  t.notOk('connection' in answer.headers || 'x-hop' in answer.headers || 'transfer-encoding' in answer.headers)
})

const refused: [why: string, headers: Record<string, string>, code: RegExp][] = [
  [
    'a host that contradicts :authority',
    { ':path': '/public/x', ':authority': 'portal.example', host: 'evil.example' },
    /BOUNDARY/,
  ],
  ['a path with dot segments', { ':path': '/public/../api' }, /PATH_NOT_CANONICAL/],
  ['an absolute target', { ':path': 'http://evil.example/public/x' }, /PATH_NOT_CANONICAL/],
]

for (const [why, headers, code] of refused) {
  t.test(`refused over HTTP/2 as over HTTP/1.1: ${why}`, async (t) => {
    const gateway = await startTlsGateway(t)
    const answer = await ask(connectHttp2(t, gateway), headers)
    // node:http2 itself resets some of these.
    if (answer.resetCode === 0) {
      t.equal(answer.headers[':status'], 400)
      t.match(JSON.parse(answer.text).code, code)
    }
    t.equal(gateway.origin.seen.length, 0)
  })
}

const large = 'a'.repeat(40_000)
for (const [field, value] of Object.entries({
  ':authority': large,
  ':path': `/${large}`,
  cookie: large,
  'x-large': large,
})) {
  t.test(`headers over HTTP/2 have the usual limit: ${field}`, async (t) => {
    const gateway = await startTlsGateway(t)
    for (const isAcknowledged of [false, true]) {
      const session = connectHttp2(t, gateway)
      if (isAcknowledged) await once(session, 'remoteSettings')
      const answer = await ask(session, { ':path': '/', accept: 'text/html', [field]: value })
      t.equal(answer.headers[':status'], 431)
      t.match(answer.text, /<p>.*cleared our cookies/)
      t.match(answer.headers['set-cookie']?.[0], /^__Host-stagedoor=; Max-Age=0/)
    }
    t.same(gateway.records(), [], 'it never came to a decision')
    t.match(await ask(connectHttp2(t, gateway), { ':path': '/public/x', 'x-fits': 'a'.repeat(15_000) }), {
      headers: { ':status': 200 },
    })
  })
}

t.test('a Host header that repeats :authority is accepted', async (t) => {
  const gateway = await startTlsGateway(t)
  const answer = await ask(connectHttp2(t, gateway), {
    ':path': '/public/x',
    ':authority': `localhost:${gateway.port}`,
    host: `localhost:${gateway.port}`,
  })
  t.equal(answer.headers[':status'], 200)
})

t.test('a body that the upstream cuts off resets the stream', async (t) => {
  const gateway = await startTlsGateway(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write('half', () => response.destroy())
  })
  const answer = await ask(connectHttp2(t, gateway), { ':path': '/public/x' })
  t.match(answer, { text: 'half', resetCode: 2 })
})

t.test('an answer before the end of the body does not affect other streams of the connection', async (t) => {
  const gateway = await startTlsGateway(t, (request, response) => {
    if (request.method === 'GET') response.end('still here')
    else response.writeHead(413, { connection: 'close' }).end('too large')
  })
  const session = connectHttp2(t, gateway)
  const upload = session.request({ ':path': '/public/x', ':method': 'POST', 'content-length': 1_000_000 })
  upload.on('error', () => undefined)
  upload.write('x'.repeat(1_000))
  const [headers] = (await once(upload, 'response')) as [Record<string, unknown>]
  t.equal(headers[':status'], 413)
  upload.resume()
  await once(upload, 'close')
  t.match(await ask(session, { ':path': '/public/x' }), { text: 'still here' })
})

t.test('a client that resets its stream ends the upstream request and is recorded as 499', async (t) => {
  let onClosed: () => void = () => undefined
  const closed = new Promise<void>((resolve) => void (onClosed = resolve))
  const gateway = await startTlsGateway(t, (_request, response) => void response.on('close', () => onClosed()))
  const session = connectHttp2(t, gateway)
  const stream = session.request({ ':path': '/public/x' })
  stream.on('error', () => undefined)
  await until(() => gateway.origin.seen.length > 0)
  stream.close(8)
  await closed
  await until(() => gateway.records().length > 0)
  t.match(gateway.records(), [{ path: '/public/x', status: 499 }])
})

t.test('early hints and event streams pass over HTTP/2', async (t) => {
  const gateway = await startTlsGateway(t, (_request, response) => {
    response.writeEarlyHints({ link: '</app.js>; rel=preload' }, () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: one\n\n')
    })
  })
  const stream = connectHttp2(t, gateway).request({ ':path': '/public/x', accept: 'text/event-stream' })
  const hints = once(stream, 'headers') as Promise<[Record<string, unknown>]>
  const first = once(stream, 'data') as Promise<[Buffer]>
  t.match((await hints)[0], { ':status': 103, link: '</app.js>; rel=preload' })
  t.equal(String((await first)[0]), 'data: one\n\n')
  stream.close()
})

t.test('HTTP/1.1 is spoken on the same port, upgrades included', async (t) => {
  const gateway = await startTlsGateway(t)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${gateway.url}/public/x`, { rejectUnauthorized: false }, (answer) => resolve(answer.resume())).on(
      'error',
      reject,
    )
  })
  t.match(response, { statusCode: 200, httpVersion: '1.1' })

  const socket = connectTls({ port: gateway.port, host: 'localhost', rejectUnauthorized: false })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  const lines = [
    'GET /public/x HTTP/1.1',
    `Host: localhost:${gateway.port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
  ]
  socket.write(
    [...lines, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n'),
  )
  const [answer] = (await once(socket, 'data')) as [Buffer]
  t.match(String(answer), /^HTTP\/1\.1 200 /, 'the upstream does not upgrade, and its answer is relayed')
  t.match(gateway.origin.seen.at(-1)?.headers, { upgrade: 'websocket', 'x-forwarded-proto': 'https' })
})

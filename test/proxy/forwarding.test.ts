import { once } from 'node:events'
import { Agent, get, request } from 'node:http'

import t from 'tap'

import {
  publicOrigin,
  connectRaw,
  readUntil,
  startGateway,
  startOrigin,
  startRawOrigin,
  traceparent,
} from './support.ts'

t.test('method, path, query, body and status go through unchanged', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(201, 'Made', { 'x-saw': `${request.method} ${request.url}` })
      response.end(Buffer.concat(chunks))
    })
  })
  const { url } = await startGateway(t, { upstream: { url: origin.url } })
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const path = '/a%20b/%C3%A4?q=1&q=%2F'
    const answer = await fetch(url + path, {
      method,
      body: '{"a":1}',
      headers: { 'content-type': 'application/x-unknown' },
    })
    t.same([answer.status, answer.statusText], [201, 'Made'])
    t.equal(answer.headers.get('x-saw'), `${method} ${path}`)
    t.equal(answer.headers.get('x-request-id'), 'request-1')
    t.equal(await answer.text(), '{"a":1}')
  }
})

t.test('the upstream gets each of our headers once and none that the client forged', async (t) => {
  const heads: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => {
    heads.push(head)
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  })
  const identity = { headers: ['X-Stagedoor-Assertion', 'signed'], replacesAuthorization: false }
  const { port } = await startGateway(t, { upstream: { url: origin.url }, identity })
  const forged = [
    'GET /x HTTP/1.1',
    'Host: evil.example.com',
    'Connection: close, x-stagedoor-assertion, cookie2',
    'X-Stagedoor-Assertion: forged',
    'x_stagedoor_assertion: forged',
    'X-Stagedoor-Assertion: forged',
    'X-Forwarded-For: 1.1.1.1',
    'Forwarded: for=1.1.1.1',
    'TE: trailers',
    'Cookie: a=1; __Host-stagedoor=secret',
    'Cookie: __Host-stagedoor.1=secret; b=2',
    'Cookie2: x',
  ]
  await readUntil(connectRaw(t, port, `${forged.join('\r\n')}\r\n\r\n`), 'ok')
  t.same(heads[0]?.split('\r\n'), [
    'GET /x HTTP/1.1',
    'host: portal.example.com',
    'connection: keep-alive',
    'Cookie: a=1',
    'Cookie: b=2',
    'X-Forwarded-For: 203.0.113.7',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: portal.example.com',
    'X-Forwarded-Port: 443',
    'X-Request-Id: request-1',
    `traceparent: ${traceparent}`,
    'X-Stagedoor-Assertion: signed',
    `x-stagedoor-via: ${publicOrigin}`,
    '',
    '',
  ])
})

t.test('trailers of the client are dropped', async (t) => {
  const seen: string[] = []
  const origin = await startOrigin(t, (request, response) => {
    request.on('data', (chunk) => seen.push(String(chunk)))
    request.on('end', () => response.end(seen.push(...request.rawHeaders, ...request.rawTrailers) && 'ok'))
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(
    t,
    port,
    'POST / HTTP/1.1\r\nHost: a\r\nTrailer: x-stagedoor-assertion\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n' +
      '0\r\nX-Stagedoor-Assertion: forged\r\n\r\n',
  )
  t.match(await readUntil(client, '\r\n\r\nok'), 'HTTP/1.1 200 OK')
  t.match(seen.join('\n'), 'abc')
  t.notMatch(seen.join('\n'), /stagedoor-assertion|forged/i)
})

t.test('trailers of the upstream are dropped and the body stays complete', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { trailer: 'x-checksum' })
    response.write('body')
    response.addTrailers({ 'x-checksum': '1' })
    response.end()
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const answer = await readUntil(
    connectRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    undefined,
  )
  t.match(answer, '4\r\nbody\r\n0\r\n\r\n')
  t.notMatch(answer, /x-checksum/)
})

t.test('an answer without a body stays without one, and the connection stays usable', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, status === 200 ? { 'content-length': '5', etag: '"1"' } : { etag: '"1"' })
    response.end()
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    const sent = request({ port, host: '127.0.0.1', agent, method, path: `/${status}` }).end()
    const [answer] = await once(sent, 'response')
    let size = 0
    for await (const chunk of answer) size += chunk.length
    t.same([answer.statusCode, answer.headers.etag, size], [status, '"1"', 0], `${method} ${status}`)
    if (method === 'HEAD') t.equal(answer.headers['content-length'], '5')
    t.equal(answer.headers.connection, 'keep-alive')
  }
})

t.test('headers that earlier stages set on the reply are sent with the answer', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.setHeader('set-cookie', ['a=1', '__Host-stagedoor=evil', 'b=2'])
    response.end('ok')
  })
  const { url } = await startGateway(t, {
    upstream: { url: origin.url },
    earlierStage: (app) => app.addHook('onRequest', async (_request, reply) => void reply.header('set-cookie', 's=3')),
  })
  const answer = await fetch(url)
  t.same(answer.headers.getSetCookie(), ['a=1', 'b=2', 's=3'])
})

t.test('early hints are forwarded before the final answer', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.end('ok')
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const sent = get({ port, host: '127.0.0.1' })
  const [[hints], [answer]] = await Promise.all([once(sent, 'information'), once(sent, 'response')])
  t.equal(hints.headers.link, '</a.css>; rel=preload')
  t.equal(answer.statusCode, 200)
  answer.resume()
})

t.test('a client that expects 100-continue gets it from the gateway, not from the upstream', async (t) => {
  const heads: string[] = []
  const origin = await startOrigin(t, (request, response) => {
    heads.push(String(request.headers.expect))
    request.resume().on('end', () => response.end('ok'))
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const head = { 'content-length': 3, expect: '100-continue' }
  const sent = request({ port, host: '127.0.0.1', method: 'POST', headers: head })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.end('abc')
  const [answer] = await once(sent, 'response')
  t.same([answer.statusCode, heads], [200, ['undefined']])
  answer.resume()
})

t.test('no request reaches an upstream without a decision', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end(t.fail('the upstream was reached') || '{}'))
  for (const decision of [
    undefined,
    { effect: 'deny', reason: 'no-rule' } as const,
    { effect: 'allow', rule: 'everything', upstream: 'unknown' } as const,
    { effect: 'allow', rule: 'everything', upstream: 'constructor' } as const,
  ]) {
    const { url } = await startGateway(t, { upstream: { url: origin.url }, decision })
    const answer = await fetch(url)
    t.same([answer.status, await answer.json()], [500, { code: 'STAGEDOOR_INTERNAL' }])
  }
})

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

import t from 'tap'

import { forwardedMethods } from '../../src/rule-matching/methods.ts'
import { type Gateway, startGateway, startOrigin } from './support.ts'

const contentTypes = [
  undefined,
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'text/html; charset="utf-8"',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'application/vnd.example+json',
  'x/y',
]

const sizes = [0, 1, 1_000, 16_384, 65_536, 1_500_000]

type Sent = { method: string; contentType?: string | undefined; body?: Buffer; isChunked?: boolean; headers?: string[] }
type Received = { method: string | undefined; contentType: string | undefined; rawHeaders: string[]; body: Buffer }

async function startEcho(t: Parameters<typeof startOrigin>[0]) {
  const received: Received[] = []
  const origin = await startOrigin(t, (request, response) => {
    const { method, headers, rawHeaders } = request
    const contentType = headers['content-type']
    void buffer(request).then((body) => {
      received.push({ method, contentType, rawHeaders, body })
      response.writeHead(200, contentType === undefined ? {} : { 'content-type': contentType }).end(body)
    })
  })
  const gateway = await startGateway(t, { upstream: { url: origin.url } })
  return { gateway, received }
}

async function send({ port }: Gateway, { method, contentType, body, isChunked, headers = [] }: Sent) {
  const list = ['Host', 'portal.example.com', ...headers]
  if (contentType !== undefined) list.push('Content-Type', contentType)
  if (isChunked) list.push('Transfer-Encoding', 'chunked')
  else if (body !== undefined) list.push('Content-Length', String(body.length))
  const request = httpRequest({ port, host: '127.0.0.1', method, path: '/x', headers: list, agent: false })
  request.end(body)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, contentType: answer.headers['content-type'], body: await buffer(answer) }
}

t.test('every method passes with every content type, and so does the answer', async (t) => {
  const { gateway, received } = await startEcho(t)
  for (const method of forwardedMethods) {
    for (const contentType of contentTypes) {
      if (method === 'QUERY' && contentType === undefined) continue
      const body = Buffer.from(`of ${method}`)
      const answer = await send(gateway, { method, contentType, body })
      const what = `${method} ${contentType}`
      t.match(received.pop(), { method, contentType, body }, what)
      t.same([answer.status, answer.contentType], [200, contentType], what)
      if (method !== 'HEAD') t.same(answer.body, body, what)
    }
  }
})

t.test('bodies of every size pass, with a length and in chunks', async (t) => {
  const { gateway, received } = await startEcho(t)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND', 'OPTIONS']) {
    for (const size of sizes) {
      for (const isChunked of [false, true]) {
        const body = Buffer.alloc(size, 'abc')
        const answer = await send(gateway, { method, contentType: 'text/plain', body, isChunked })
        const what = `${method} ${size} ${isChunked}`
        t.ok(received.pop()?.body.equals(body), what)
        t.ok(answer.body.equals(body), what)
      }
    }
  }
})

t.test('headers keep their order, case and number', async (t) => {
  const { gateway, received } = await startEcho(t)
  const headers = ['X-One', '1', 'accept', 'a/b', 'x-ONE', '2', 'X-Empty', '', 'Cookie', 'a=b', 'X-Latin', '\u00e4']
  for (const method of ['GET', 'POST', 'PROPFIND']) {
    await send(gateway, { method, headers })
    const list = received.pop()?.rawHeaders ?? []
    const names = new Set(headers.filter((_, i) => i % 2 === 0))
    t.same(
      list.filter((_, i) => names.has(list[i - (i % 2)] as string)),
      headers,
      method,
    )
  }
})

t.test('an invalid Content-Type gets a 415, and nothing reaches the upstream', async (t) => {
  const { gateway, received } = await startEcho(t)
  for (const contentType of ['none', 'no/type/at all', 'text/', '/plain']) {
    const { status } = await send(gateway, { method: 'POST', contentType, body: Buffer.from('x') })
    t.same([status, received.length], [415, 0], contentType)
  }
})

t.test('a QUERY without a Content-Type gets a 400 (RFC 10008 section 2)', async (t) => {
  const { gateway, received } = await startEcho(t)
  const { status } = await send(gateway, { method: 'QUERY', body: Buffer.from('x') })
  t.same([status, received.length], [400, 0])
})

import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import t, { type Test } from 'tap'

import { connectHttp2, startTlsGateway } from '../listener/support.ts'
import { startOrigin } from '../support/origin.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

// A client that stopped sending a body or reading an answer kept its connection to the upstream without limit. 256 such requests, all
// on one HTTP/2 connection, were enough to block every other client.

const server = { timeouts: { transfer: '1s' } }
const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 10 }

const isTimeout = ({ code }: Record<string, unknown>): boolean => code === 'STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'

/** More than the sockets and buffers on the way hold. */
const largeAnswer: RequestListener = (_request, response) => void response.end(Buffer.alloc(20_000_000))

/** An HTTP/2 connection that accepts no byte of a body. */
async function connectUnreading(t: Test, { port }: { port: number }): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: 0 },
  })
  t.teardown(() => session.destroy())
  await once(session, 'remoteSettings')
  return session
}

/** The status and the reset code of a stream that the gateway ends. */
function endOf(stream: ClientHttp2Stream): Promise<[status: unknown, resetCode: number | undefined]> {
  return new Promise((resolve) => {
    let status: unknown
    stream.on('response', (headers) => void (status = headers[':status']))
    // The test waits for a reset stream.
    stream.on('error', () => undefined).resume()
    stream.on('close', () => resolve([status, stream.rstCode]))
  })
}

/** An upstream, and the end of its first request. */
function upstreamThat(answer: RequestListener) {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const listener: RequestListener = (request, response) => {
    response.once('close', () => resolve())
    answer(request, response)
  }
  return { listener, closed }
}

const request = 'GET /public/x HTTP/1.1\r\nHost: a\r\n\r\n'

const readsOn: RequestListener = (request) => void request.resume()

function openTo(t: Test, { directUrl }: { directUrl: string }): Socket {
  const socket = connectTcp(Number(new URL(directUrl).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  return socket.on('error', () => undefined)
}

/** Writes to a socket. @returns the bytes that arrive until the gateway closes it */
async function readUntilClosed(t: Test, gateway: { directUrl: string }, text: string): Promise<string> {
  const socket = openTo(t, gateway).setEncoding('latin1')
  let answer = ''
  socket.on('data', (part: string) => void (answer += part))
  socket.write(text)
  await once(socket, 'close')
  return answer
}

t.test('the gateway cancels a request whose body does not arrive, over HTTP/2', async (t) => {
  const { listener, closed } = upstreamThat(readsOn)
  const gateway = await startTlsGateway(t, listener, server)
  const stream = connectHttp2(t, gateway).request({ ':path': '/public/x', ':method': 'POST', ...form })
  t.same(await endOf(stream), [408, 0])
  await closed
  t.match(gateway.logged.find(isTimeout), { path: '/public/x' })
})

t.test('the gateway cancels a request whose body does not arrive, over HTTP/1.1', async (t) => {
  const { listener, closed } = upstreamThat(readsOn)
  const stack = await startStack(t, { config: { server }, upstream: listener })
  const answer = await readUntilClosed(t, stack, 'POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n')
  t.match(answer, /^HTTP\/1\.1 408 [\s\S]*connection: close[\s\S]*STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT/i)
  await closed
})

t.test('clients without a session take no places of signed-in people', async (t) => {
  const origin = await startOrigin(t, (request, response) => void request.resume().on('end', () => response.end('ok')))
  const backstage = { url: origin.url, maxConnections: 1, maxQueued: 0, maxStreams: 1 }
  const stack = await startStack(t, { config: { upstreams: { backstage } } })
  const { browser } = await stack.signIn()
  for (const accept of ['application/json', 'text/event-stream']) {
    const socket = openTo(t, stack)
    socket.write(`POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nAccept: ${accept}\r\n\r\n`)
    await until(() => origin.seen.at(-1)?.headers.accept === accept)
    t.match(await fetch(`${stack.directUrl}/public/y`, { headers: { accept } }), { status: 503 }, 'a stranger')
    t.match(await browser.fetch(`${stack.url}/private`, { headers: { accept } }), { status: 200 }, 'a person')
  }
})

t.test('a forwarded answer that is not read is cut off, over HTTP/2', async (t) => {
  const { listener, closed } = upstreamThat(largeAnswer)
  const gateway = await startTlsGateway(t, listener, server)
  const session = await connectUnreading(t, gateway)
  t.same(await endOf(session.request({ ':path': '/public/x' })), [200, 2])
  await closed
})

t.test('a forwarded answer that is not read is cut off, over HTTP/1.1', async (t) => {
  const { listener, closed } = upstreamThat(largeAnswer)
  const stack = await startStack(t, { config: { server }, upstream: listener })
  openTo(t, stack).write(request)
  await closed
})

for (const scheme of ['http', 'https']) {
  t.test(`an answer that is complete and is not read is cut off, over HTTP/1.1 (${scheme})`, async (t) => {
    const listener: RequestListener = (_request, response) => void response.end(Buffer.alloc(60_000))
    const gateway =
      scheme === 'http'
        ? await startStack(t, { config: { server }, upstream: listener })
        : await startTlsGateway(t, listener, server)
    const socket = openTo(t, gateway)
    const client = scheme === 'http' ? socket : connectTls({ socket, rejectUnauthorized: false })
    client.on('error', () => undefined).write(request)
    await until(() => gateway.origin.seen.length > 0)
    // One more than the system buffers for a client that reads nothing.
    await until(() => {
      client.write(request)
      return gateway.parts.overload.openConnections() === 0
    })
    t.equal(gateway.parts.proxy.openConnections.size, 0)
  })
}

t.test('a request to our own form whose body does not arrive is cancelled', async (t) => {
  const gateway = await startTlsGateway(t, undefined, server)
  const path = '/.stagedoor/backchannel-logout'
  const stream = connectHttp2(t, gateway).request({ ':path': path, ':method': 'POST', ...form })
  t.same(await endOf(stream), [408, 0])
  t.match(gateway.logged.find(isTimeout), { path })

  const stack = await startStack(t, { config: { server } })
  const head = [`POST ${path} HTTP/1.1`, 'Host: a', ...Object.entries(form).map(([name, value]) => `${name}: ${value}`)]
  const answer = await readUntilClosed(t, stack, `${head.join('\r\n')}\r\n\r\n`)
  t.match(answer, /^HTTP\/1\.1 408 [\s\S]*connection: close/i)
})

t.test('the connection of a form that is too large closes after the answer', async (t) => {
  const gateway = await startTlsGateway(t, undefined, server)
  const { 'content-length': _, ...unsized } = form
  const stream = connectHttp2(t, gateway).request({ ':path': '/.stagedoor/logout', ':method': 'POST', ...unsized })
  stream.write(Buffer.alloc(100_000))
  const [status] = await endOf(stream)
  t.equal(status, 413)
})

t.test('an answer of our own that is not read is reset', async (t) => {
  const gateway = await startTlsGateway(t, undefined, server)
  const session = await connectUnreading(t, gateway)
  t.same(await endOf(session.request({ ':path': '/private' })), [401, 8])
})

t.test('pipelined requests behind a slow one do not take all places of the process', async (t) => {
  const stack = await startStack(t, {
    config: { server: { maxRequests: 100 } },
    upstream: ({ url }, response) => void (url === '/public/slow' || response.end('ok')),
  })
  const ahead = openTo(t, stack)
  ahead.write('GET /public/slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => stack.origin.seen.length > 0)
  const closed = once(ahead, 'close')
  ahead.write(request.repeat(500))
  await closed
  t.match(await fetch(`${stack.directUrl}/public/y`), { status: 200 })
})

t.test('a connection that starts no TLS handshake or does not finish it is closed', async (t) => {
  const gateway = await startTlsGateway(t, undefined, { timeouts: { headers: '1s' } })
  // No bytes, and the head of a TLS record whose content does not arrive.
  for (const bytes of ['', '\x16\x03\x01\x02\x00']) t.equal(await readUntilClosed(t, gateway, bytes), '')
})

t.test('a client that only waits for its answer is not cut off', async (t) => {
  const gateway = await startTlsGateway(
    t,
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
      setTimeout(() => response.end('data: two\n\n'), 1_500)
    },
    server,
  )
  const stream = connectHttp2(t, gateway).request({ ':path': '/public/x', accept: 'text/event-stream' })
  let text = ''
  stream.setEncoding('utf8').on('data', (part: string) => void (text += part))
  await once(stream, 'end')
  t.equal(text, 'data: one\n\ndata: two\n\n')
})

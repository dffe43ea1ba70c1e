import t from 'tap'

import { startOrigin, startRawOrigin } from '../support.ts'
import { startTransport } from './support.ts'

const question = { path: '/health', headers: ['host', 'a'], timeoutMs: 60_000 }

t.test('a question of our own is a GET, whose status is the answer', async (t) => {
  const seen: unknown[] = []
  const origin = await startOrigin(t, (request, response) => {
    seen.push(request.method, request.url, request.headers.host)
    response.writeHead(503).end('x'.repeat(1_000))
  })
  t.equal(await startTransport(t, origin.url).getStatus(question), 503)
  t.same(seen, ['GET', '/health', 'a'])
})

t.test('an interim answer is not the answer', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')
  })
  t.equal(await startTransport(t, origin.url).getStatus(question), 204)
})

t.test('an answer without an end is not waited for', async (t) => {
  const closed = Promise.withResolvers<void>()
  const origin = await startOrigin(t, (_request, response) => {
    response.on('close', closed.resolve)
    const pump = (): void => void (response.write('x'.repeat(100_000)) && pump())
    response.on('drain', pump)
    pump()
  })
  t.equal(await startTransport(t, origin.url).getStatus(question), 200)
  await t.resolves(closed.promise, 'the connection is given up')
})

t.test('a question that is not answered in time fails, head or body', async (t) => {
  for (const bytes of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na']) {
    const closed = Promise.withResolvers<void>()
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.on('close', closed.resolve)
      socket.write(bytes)
    })
    const transport = startTransport(t, origin.url)
    await t.rejects(transport.getStatus({ ...question, timeoutMs: 200 }), { name: 'TimeoutError' })
    await t.resolves(closed.promise, 'the connection is given up')
  }
})

t.test('a question that has no connection in time fails', async (t) => {
  const origin = await startRawOrigin(t, () => {})
  const transport = startTransport(t, origin.url.replace('http:', 'https:'))
  await t.rejects(transport.getStatus({ ...question, timeoutMs: 100 }), { name: 'TimeoutError' })
})

t.test('a question to an upstream that hangs up fails', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.destroy())
  await t.rejects(startTransport(t, origin.url).getStatus(question), { code: /^(UND_ERR_SOCKET|UPSTREAM_RESET)$/ })
})

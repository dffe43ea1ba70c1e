import { setImmediate as nextTurn } from 'node:timers/promises'

import t from 'tap'

import { getStatus } from '../../../src/proxy/http1/get-status.ts'
import { startOrigin, startRawOrigin } from '../support.ts'
import { startConnections } from './support.ts'

const question = { path: '/health', headers: ['host', 'a'], timeoutMs: 60_000 }

t.test('getStatus sends a GET and returns the status', async (t) => {
  const seen: unknown[] = []
  const origin = await startOrigin(t, (request, response) => {
    seen.push(request.method, request.url, request.headers.host)
    response.writeHead(503).end('x'.repeat(1_000))
  })
  t.equal(await getStatus(startConnections(t, origin.url), question), 503)
  t.same(seen, ['GET', '/health', 'a'])
})

t.test('an interim answer does not count as the answer', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')
  })
  t.equal(await getStatus(startConnections(t, origin.url), question), 204)
})

t.test('getStatus does not wait for the end of an answer', async (t) => {
  const closed = Promise.withResolvers<void>()
  const origin = await startOrigin(t, (_request, response) => {
    response.on('close', closed.resolve)
    const pump = (): void => void (response.write('x'.repeat(100_000)) && pump())
    response.on('drain', pump)
    pump()
  })
  t.equal(await getStatus(startConnections(t, origin.url), question), 200)
  await t.resolves(closed.promise, 'the connection is given up')
})

t.test('getStatus fails without an answer in time', async (t) => {
  const closed = Promise.withResolvers<void>()
  const origin = await startOrigin(t, (request) => request.socket.on('close', closed.resolve))
  const connections = startConnections(t, origin.url)
  await t.rejects(getStatus(connections, { ...question, timeoutMs: 500 }), { name: 'TimeoutError' })
  await t.resolves(closed.promise, 'the connection is given up')
})

t.test('getStatus fails without a connection in time', async (t) => {
  await t.rejects(getStatus({ dispatch() {} }, { ...question, timeoutMs: 1 }), { name: 'TimeoutError' })
})

t.test('getStatus fails when the upstream hangs up', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.destroy())
  await t.rejects(getStatus(startConnections(t, origin.url), question), { code: /^(UPSTREAM_HUNG_UP|ECONNRESET)$/ })
})

t.test('getStatus destroys the socket of an upgrade that it did not request', async (t) => {
  let isDestroyed = false
  const socket = { destroy: () => (isDestroyed = true) }
  const asked = getStatus(
    {
      dispatch(_request, receiver) {
        receiver.onUpgrade({} as never, socket as never)
        receiver.onSend()
        receiver.onFailure(new Error('no answer'))
      },
    },
    question,
  )
  await t.rejects(asked, { message: 'no answer' })
  t.equal(isDestroyed, true)
})

t.test('garbage beyond the bytes that getStatus reads does not end the process', async (t) => {
  const thrown: unknown[] = []
  process.once('uncaughtException', (error) => thrown.push(error))
  t.teardown(() => process.removeAllListeners('uncaughtException'))
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    socket.write(`10001\r\n${'x'.repeat(0x10001)}nonsense`)
  })
  t.equal(await getStatus(startConnections(t, origin.url), question), 200)
  await nextTurn()
  t.same(thrown, [])
})

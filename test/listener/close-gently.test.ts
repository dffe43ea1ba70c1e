import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'

import t, { type Test } from 'tap'

import { closeGently } from '../../src/listener/close-gently.ts'
import { startGateway } from '../support/gateway.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { patienceMs, until } from '../support/until.ts'

const nowhere = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }

async function startLeaving(t: Test, answer: (request: IncomingMessage, end: () => void) => void) {
  const origin = await startOrigin(t, (request, response) => answer(request, () => response.end('whole')))
  const port = await freePort()
  // Long enough that a connection kept for this time would stop the test from ending.
  const config = { server: { baseUrl: `http://localhost:${port}`, timeouts: { keepAlive: '1h' } } }
  const { listener, parts } = await startGateway(t, { auth0: nowhere, upstream: origin.url, port, config })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())

  async function ask(path: string) {
    const [response] = (await once(get({ host: '127.0.0.1', port, path, agent }), 'response')) as [IncomingMessage]
    const text = (await response.setEncoding('utf8').toArray()).join('')
    return [response.statusCode, response.headers.connection, text]
  }

  let ended = 0
  let looks = 0
  const openConnections = (): number => {
    looks += 1
    return parts.overload.openConnections()
  }
  const overload = { ...parts.overload, openConnections }
  const leave = (shutdownMs = patienceMs, drainMs = 0) =>
    closeGently({ listener, overload, closeLongLived: () => void (ended += 1), drainMs, shutdownMs })
  return { port, ask, leave, streamsEnded: () => ended, looks: () => looks }
}

t.test('a request on an open connection during the shutdown is served and closes the connection', async (t) => {
  const { ask, leave } = await startLeaving(t, (_request, end) => end())
  t.same(await ask('/public/1'), [200, 'keep-alive', 'whole'])
  const left = leave()
  t.same(await ask('/public/2'), [200, 'close', 'whole'])
  await left
  await t.rejects(ask('/public/3'), { code: 'ECONNREFUSED' })
})

t.test('without connections the shutdown does not wait', async (t) => {
  const { leave, looks } = await startLeaving(t, (_request, end) => end())
  await leave()
  t.equal(looks(), 2, 'once before streams are ended, and once after the server has closed')
})

t.test('during the drain period nothing closes, even without connections', async (t) => {
  const { leave, looks } = await startLeaving(t, (_request, end) => end())
  const left = leave(patienceMs, 1)
  t.equal(looks(), 0)
  await left
  t.equal(looks(), 2)
})

t.test('a request under way gets its complete answer, and its keep-alive connection closes soon after', async (t) => {
  let finish = (): void => undefined
  const arrived = Promise.withResolvers<void>()
  const { ask, leave, streamsEnded } = await startLeaving(t, (_request, end) => {
    finish = end
    arrived.resolve()
  })
  const answer = ask('/public/slow')
  await arrived.promise
  const left = leave(100)
  // After the announcement: the streams of remaining clients are ended repeatedly.
  await until(() => streamsEnded() > 0)
  finish()
  t.same((await answer).at(-1), 'whole')
  await left
})

t.test('a pipelined request during the shutdown is served as well', async (t) => {
  const waiting: (() => void)[] = []
  const arrived = Promise.withResolvers<void>()
  const { port, leave, streamsEnded } = await startLeaving(t, (_request, end) => {
    waiting.push(end)
    arrived.resolve()
  })
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  t.teardown(() => socket.destroy())
  socket.write('GET /public/1 HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await arrived.promise
  const left = leave(100)
  await until(() => streamsEnded() > 0)
  socket.write('GET /public/2 HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => {
    waiting.forEach((end) => end())
    return socket.readableEnded || waiting.length === 2
  })
  const text = (await socket.toArray()).join('')
  t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200'])
  await left
})

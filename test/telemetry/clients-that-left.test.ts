import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'

import fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'

import { clientsThatLeft } from '../../src/telemetry/clients-that-left.ts'
import { until } from '../support/until.ts'

/** Sends a request to a server that answers `/` with 403 after `before`. @returns the recorded statuses */
async function statusesOf(t: Test, hooks: { before?: Leave; behind?: Leave }): Promise<number[]> {
  const statuses: number[] = []
  const app = fastify()
  await app.register(clientsThatLeft)
  app.addHook('onSend', async (request) => hooks.behind?.(request))
  app.addHook('onResponse', async (_request, reply) => void statuses.push(reply.raw.statusCode))
  app.get('/', async (request, reply) => {
    await hooks.before?.(request)
    return reply.code(403).send('no')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(client.resume(), 'close')
  await until(() => statuses.length > 0)
  await app.close()
  return statuses
}

type Leave = (request: FastifyRequest) => Promise<void>

const leave: Leave = async ({ raw: { socket } }) => {
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}

t.test('an answer that a client waits for is recorded once', async (t) => {
  t.same(await statusesOf(t, {}), [403])
})

t.test('an answer is recorded once if the client disconnects before it', async (t) => {
  t.same(await statusesOf(t, { before: leave }), [403])
})

t.test('an answer is recorded once if the connection ends during its writing', async (t) => {
  const behind: Leave = async ({ raw: { socket } }) => void socket.destroy()
  t.same(await statusesOf(t, { behind }), [403])
})

t.test('over HTTP/2, a request whose client disconnects before the answer is recorded as 499', async (t) => {
  const statuses: number[] = []
  const app = fastify({ http2: true })
  await app.register(clientsThatLeft)
  app.addHook('onResponse', async (_request, reply) => void statuses.push(reply.raw.statusCode))
  app.get('/', async ({ raw }, reply) => {
    const closed = once(raw.stream, 'close')
    request.close(constants.NGHTTP2_CANCEL)
    await closed
    return reply.code(403).send('no')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const session = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  t.teardown(() => session.destroy())
  const request = session.request({ ':path': '/' })
  request.on('error', () => {})
  await until(() => statuses.length > 0)
  t.same(statuses, [499])
})

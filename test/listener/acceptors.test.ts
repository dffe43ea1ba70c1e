import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net'

import t, { type Test } from 'tap'

import { createAcceptors } from '../../src/listener/acceptors.ts'
import { startGateway } from '../support/gateway.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

const host = '127.0.0.1'

/** A server with acceptors. It counts connections and the turns of the event loop meanwhile. */
async function startAcceptors(t: Test) {
  const server = createServer((_request, response) => void response.end('x'))
  const acceptors = createAcceptors({ host, port: 0 }, (socket) => void server.emit('connection', socket))
  acceptors.allowHalfOpen(true)
  const port = await acceptors.listen()
  t.teardown(() => {
    acceptors.stop()
    server.close()
    server.closeAllConnections()
  })
  return { server, acceptors, port }
}

t.test('concurrent connections are accepted in one turn', { skip: process.platform !== 'linux' }, async (t) => {
  const { server, port } = await startAcceptors(t)
  const turnOf: number[] = []
  let turn = 0
  let isCounting = true
  const count = (): void => {
    turn += 1
    if (isCounting) setImmediate(count)
  }
  count()
  server.on('connection', () => turnOf.push(turn))
  const sockets = Array.from({ length: 200 }, () => connect(port, host))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  await until(() => turnOf.length === sockets.length)
  isCounting = false
  t.ok(new Set(turnOf).size <= sockets.length / 2, `${sockets.length} in ${new Set(turnOf).size} turns`)
})

t.test('listening on a taken port fails, whoever has it', async (t) => {
  const { port } = await startAcceptors(t)
  const listenAt = (port: number) => createAcceptors({ host, port }, () => undefined).listen()
  await t.rejects(listenAt(port), { code: 'EADDRINUSE' })

  const other = createNetServer().listen(0, host)
  await once(other, 'listening')
  t.teardown(() => other.close())
  await t.rejects(listenAt((other.address() as AddressInfo).port), { code: 'EADDRINUSE' })
})

t.test('a gateway closes when the requests on all of its connections are answered', async (t) => {
  const waiting: ServerResponse[] = []
  const origin = await startOrigin(t, (_request, response) => void waiting.push(response))
  const port = await freePort()
  const auth0 = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }
  const { app } = await startGateway(t, { auth0, upstream: origin.url, port })
  const answers = Array.from({ length: 40 }, async (_, i) => {
    const sent = get({ host, port, path: `/public/${i}`, agent: false })
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return [answer.statusCode, (await answer.setEncoding('utf8').toArray()).join('')]
  })
  await until(() => waiting.length === answers.length)
  const closed = app.close()
  await until(() => refusesConnections(port))
  // One by one, so that the server's own connections end before the others.
  for (const [i, answer] of answers.entries()) {
    waiting.find(({ req }) => req.url === `/public/${i}`)?.end('whole')
    t.same(await answer, [200, 'whole'])
  }
  await closed
})

async function refusesConnections(port: number): Promise<boolean> {
  const socket: Socket = connect(port, host)
  const isOpen = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)])
    // The other promise rejects once the first has settled.
    .catch(() => false)
  socket.destroy()
  return !isOpen
}

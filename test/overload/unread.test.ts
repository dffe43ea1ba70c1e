import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

import t, { type Test } from 'tap'

import { createGate } from '../../src/overload/gate.ts'
import { Line } from '../../src/overload/line.ts'
import { Pace } from '../../src/overload/pace.ts'
import { startCertificates } from '../support/certificates.ts'
import { until } from '../support/until.ts'

type Over = 'plain text' | 'TLS'

/** One connection. */
type Client = { ask(path: string): void; answered(path: string): Promise<void> }

/** Answers with the path, behind a gate whose line moves when `room` says so. */
function gated() {
  const room = { isThere: true }
  const line = new Line({
    maxDelayMs: 3_600_000,
    patienceMs: 3_600_000,
    unreadFrom: 1,
    pace: new Pace(),
    hasRoom: () => room.isThere,
    now: () => performance.now(),
    atTurnEnd: setImmediate,
  })
  const gate = createGate({
    fail: (error) => {
      throw error
    },
    connections: { open: 0, watch: () => undefined, isSurplus: () => false },
    line,
    maxRequests: 100,
    isProbe: (url) => url.startsWith('/probe'),
    refuse: (_request, response, reason) => response.writeHead(503).end(reason),
  })
  const seen: (string | undefined)[] = []
  let answerSlow = (): void => undefined
  const handler: RequestListener = gate.guard(({ url }, response) => {
    seen.push(url)
    const end = (): void => void response.end(`answer to ${url}`)
    if (url === '/slow') answerSlow = end
    else end()
  })
  return { line, room, gate, seen, answerSlow: () => answerSlow(), handler }
}

async function startServer(t: Test, over: Over) {
  const { handler, ...behind } = gated()
  const server = over === 'TLS' ? createTlsServer(await certificateOf(t), handler) : createServer(handler)
  behind.gate.watch(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo

  async function open(): Promise<Client> {
    const target = { port, host: '127.0.0.1', rejectUnauthorized: false }
    const socket = (over === 'TLS' ? connectTls(target) : connect(target)).setEncoding('utf8')
    t.teardown(() => socket.destroy())
    await once(socket, over === 'TLS' ? 'secureConnect' : 'connect')
    let text = ''
    socket.on('data', (part) => (text += part))
    return {
      ask: (path) => void socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`),
      answered: (path) => until(() => text.endsWith(`answer to ${path}`)),
    }
  }
  return { ...behind, open }
}

async function certificateOf(t: Test) {
  const { certificate, key } = await startCertificates(t)
  return { cert: await readFile(certificate), key: await readFile(key) }
}

/** One connection that was served waits unread, behind another whose request was read. */
async function startWaiting(t: Test, over: Over) {
  const server = await startServer(t, over)
  const { line, room, seen, answerSlow, open } = server
  const [served, waiting] = [await open(), await open()]
  served.ask('/slow')
  await until(() => seen.length === 1)
  room.isThere = false
  waiting.ask('/waits')
  await until(() => line.size === 1)
  answerSlow()
  await served.answered('/slow')
  await until(() => line.size === 2)
  return { ...server, served, waiting }
}

for (const over of ['plain text', 'TLS'] as const) {
  t.test(
    `over ${over} a connection that was served waits unread, and its next request is answered in its turn`,
    async (t) => {
      const { line, room, seen, open, served, waiting } = await startWaiting(t, over)
      const prober = await open()
      served.ask('/next')
      // By the time of the last answer what was sent before has arrived.
      for (const path of ['/probe?1', '/probe?2', '/probe?3']) {
        prober.ask(path)
        await prober.answered(path)
      }
      t.same(seen, ['/slow', '/probe?1', '/probe?2', '/probe?3'])
      t.equal(line.size, 2)

      room.isThere = true
      line.advance()
      await Promise.all([waiting.answered('/waits'), served.answered('/next')])
      t.same(seen.slice(-2), ['/waits', '/next'])
      t.equal(line.size, 0)
    },
  )

  t.test(`over ${over} a connection that waits unread when the farewell is said is read, and answered`, async (t) => {
    const { line, room, gate, served, waiting } = await startWaiting(t, over)
    served.ask('/next')
    gate.sayFarewell()
    await until(() => line.size === 2)
    room.isThere = true
    line.advance()
    await Promise.all([waiting.answered('/waits'), served.answered('/next')])
  })
}

t.test('requests over HTTP/2 wait one by one, and one that was taken back is not begun', async (t) => {
  const { line, room, seen, handler } = gated()
  const server = createHttp2Server((request, response) =>
    handler(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => client.destroy())

  room.isThere = false
  const kept = client.request({ ':path': '/kept' })
  await until(() => line.size === 1)
  const left = client.request({ ':path': '/left' })
  await until(() => line.size === 2)
  left.close(constants.NGHTTP2_CANCEL)
  await once(left, 'close')
  // By the time of an answer what was sent before has arrived.
  await client.request({ ':path': '/probe' }).setEncoding('utf8').toArray()

  room.isThere = true
  line.advance()
  t.same(await kept.setEncoding('utf8').toArray(), ['answer to /kept'])
  t.same(seen, ['/probe', '/kept'])
  t.equal(line.size, 0)
})

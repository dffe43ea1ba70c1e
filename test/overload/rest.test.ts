import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { mock } from 'node:test'
import { connect as connectTls } from 'node:tls'

import t, { type Test } from 'tap'

import { Rest } from '../../src/overload/rest.ts'
import { startCertificates } from '../support/certificates.ts'
import { until } from '../support/until.ts'

const hourMs = 3_600_000

/** Rests of 100 ms with looks every 10 ms, in a time that passes by hand. */
function startResting(t: Test) {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const state = { nowMs: 0, busy: 1 }
  const rest = new Rest({ restMs: 100, lookEveryMs: 10, busyShare: () => state.busy, now: () => state.nowMs })
  const pass = (ms: number): void => {
    for (let i = 0; i < ms / 10; i += 1) {
      state.nowMs += 10
      mock.timers.tick(10)
    }
  }
  return { rest, state, pass }
}

/** A request whose answer was sent, in parts. */
function refused(rest: Rest, change: object = {}) {
  const log: string[] = []
  const socket = {
    writable: true,
    isPaused: () => log.at(-1) === 'pause',
    pause: () => void log.push('pause'),
    resume: () => void log.push('resume'),
  }
  const request = { complete: true, httpVersionMajor: 1, socket, ...change }
  let finish = (): void => undefined
  const response = { once: (_event: 'finish', listener: () => void) => void (finish = listener) }
  const refuse = (): void => {
    rest.after(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    finish()
  }
  refuse()
  return { log, refuse }
}

t.test('a connection is not read for as long as a rest lasts', async (t) => {
  const { rest, pass } = startResting(t)
  // Alone it would be the one that comes back with the first look.
  const others = Array.from({ length: 20 }, () => refused(rest))
  const { log, refuse } = refused(rest)
  refuse()
  t.same(log, ['pause'], 'one rest at a time')
  pass(90)
  t.same(log, ['pause'])
  pass(10)
  t.same(log, ['pause', 'resume'])
  t.equal(rest.size, 0)
  t.ok(others.every(({ log }) => log.length === 2))
})

t.test('those that went to rest together come back one after the other', async (t) => {
  const { rest, pass } = startResting(t)
  for (let i = 0; i < 100; i += 1) refused(rest)
  const sizes = Array.from({ length: 10 }, () => {
    pass(10)
    return rest.size
  })
  t.same(sizes, [90, 81, 72, 64, 57, 51, 45, 40, 36, 0])
})

t.test('as soon as there is time they come back sooner', async (t) => {
  const { rest, state, pass } = startResting(t)
  for (let i = 0; i < 100; i += 1) refused(rest)
  state.busy = 0.9
  pass(10)
  t.equal(rest.size, 87)
  refused(rest)
  pass(90)
  t.ok(rest.size < 30)
})

t.test('no connection rests that ends, brings more of its request, or is shared by all of a browser', async (t) => {
  const { rest } = startResting(t)
  refused(rest, { complete: false })
  refused(rest, { httpVersionMajor: 2 })
  refused(rest, { socket: { writable: false } })
  t.equal(rest.size, 0)
})

t.test('at the end all come back, and none goes to rest any more', async (t) => {
  const { rest } = startResting(t)
  const { log } = refused(rest)
  rest.end()
  t.same(log, ['pause', 'resume'])
  t.same(refused(rest).log, [])
})

async function certificateOf(t: Test) {
  const { certificate, key } = await startCertificates(t)
  return { cert: await readFile(certificate), key: await readFile(key) }
}

for (const over of ['plain text', 'TLS']) {
  t.test(`over ${over} a request on a connection at rest waits unread, and is answered afterwards`, async (t) => {
    const rest = new Rest({ restMs: hourMs, lookEveryMs: hourMs, busyShare: () => 1, now: () => 0 })
    const seen: (string | undefined)[] = []
    const handler: RequestListener = (request, response) => {
      seen.push(request.url)
      if (request.url === '/refused') rest.after(request, response)
      response.end('answered')
    }
    const server = over === 'TLS' ? createTlsServer(await certificateOf(t), handler) : createServer(handler)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close().closeAllConnections())
    const { port } = server.address() as AddressInfo
    const open = async () => {
      const target = { port, host: '127.0.0.1', rejectUnauthorized: false }
      const client = (over === 'TLS' ? connectTls(target) : connect(target)).setEncoding('utf8')
      t.teardown(() => client.destroy())
      await once(client, over === 'TLS' ? 'secureConnect' : 'connect')
      return client
    }
    const get = (client: Socket, path: string): void => void client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)

    const client = await open()
    get(client, '/refused')
    await once(client, 'data')
    await until(() => rest.size === 1)
    get(client, '/next')
    // What others ask later is read sooner.
    const other = await open()
    for (const path of ['/1', '/2', '/3']) {
      get(other, path)
      await once(other, 'data')
    }
    t.same(seen, ['/refused', '/1', '/2', '/3'])
    rest.end()
    await once(client, 'data')
    t.equal(seen.at(-1), '/next')
  })
}

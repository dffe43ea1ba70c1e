import { connect } from 'node:net'

import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const host = 'Host: localhost\r\n'
const upgrade =
  `GET /public/x HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

const clients: [what: string, bytes: string][] = [
  ['a tunnel that is reset', `CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n`],
  ['a handshake behind an unknown expectation', `GET /public/x HTTP/1.1\r\n${host}Expect: y\r\n\r\n${upgrade}`],
  ['a handshake behind another request', `GET /public/x HTTP/1.1\r\n${host}\r\n${upgrade}`],
]

/** The reset collides with the answer only in some tries. */
const tries = 20

for (const [what, bytes] of clients) {
  t.test(`${what} ends its own connection, and never the process`, async (t) => {
    const stack = await startStack(t)
    const { port } = new URL(stack.directUrl)
    let closed = 0
    for (let i = 0; i < tries; i += 1) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => undefined).on('close', () => (closed += 1))
      socket.write(bytes, () => socket.resetAndDestroy())
    }
    await until(() => closed === tries)
    t.equal((await createBrowser().fetch(`${stack.url}/public/y`)).status, 200)
  })
}

t.test('a refused tunnel is closed, even if its client keeps sending', async (t) => {
  const stack = await startStack(t)
  let isClosed = false
  const socket = connect({ port: Number(new URL(stack.directUrl).port), host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined).on('close', () => (isClosed = true))
  socket.resume().write(`CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n${'a'.repeat(100_000)}`)
  await until(() => {
    socket.write('a')
    return isClosed
  })
  t.ok(isClosed)
})

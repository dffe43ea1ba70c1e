import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'

import t, { type Test } from 'tap'

import { startTlsGateway } from '../listener/support.ts'
import { startGateway } from '../support/gateway.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

// A connection that was closed after an early answer while the client still sent the body was reset. Clients that send the whole body
// before they read, or that fail on a reset, never saw the answer.

const nowhere = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }
const bodyBytes = 8_000_000
const framing = `Host: a\r\nContent-Length: ${bodyBytes}`

async function startPlain(t: Test) {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(413, { connection: 'close', 'content-length': 9 }).end('too large')
  })
  const port = await freePort()
  return { ...(await startGateway(t, { auth0: nowhere, upstream: origin.url, port })), origin, port }
}

function open(t: Test, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  // A failed write reports its own error.
  return socket.on('error', () => {})
}

/** Sends everything before it reads. The rest of the body is sent after the answer has arrived. */
async function sendAndRead(socket: Socket | TLSSocket, head: string): Promise<string> {
  socket.on('error', () => {})
  const write = promisify<Buffer | string, void>((bytes, done) => void socket.write(bytes, done))
  await write(head)
  if (socket.readableLength === 0) await once(socket, 'readable')
  const part = Buffer.alloc(100_000)
  for (let sent = 0; sent < bodyBytes; sent += part.length) await write(part)
  socket.end()
  return Buffer.concat(await socket.toArray()).toString('latin1')
}

for (const [what, head, status] of [
  ['an answer of the upstream', `POST /public/x HTTP/1.1\r\n${framing}\r\n\r\n`, 413],
  [
    'a form that is too large',
    `POST /.stagedoor/logout HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n${framing}\r\n\r\n`,
    413,
  ],
  ['a method that is not allowed', `TRACE /public/x HTTP/1.1\r\n${framing}\r\n\r\n`, 405],
  ['a tunnel that is refused', `CONNECT a:443 HTTP/1.1\r\n${framing}\r\n\r\n`, 405],
  ['a head that cannot be read', `POST /public/x HTTP/1.1\r\nno field\r\n${framing}\r\n\r\n`, 400],
] as const) {
  t.test(`${what} reaches a client that keeps sending`, async (t) => {
    const { port } = await startPlain(t)
    t.match(await sendAndRead(open(t, port), head), new RegExp(`^HTTP/1\\.1 ${status} `))
  })
}

t.test('an early answer reaches a client that keeps sending over TLS', async (t) => {
  const { port } = await startTlsGateway(t, (_request, response) => {
    response.writeHead(413, { connection: 'close', 'content-length': 9 }).end('too large')
  })
  const socket = connectTls({ socket: open(t, port), rejectUnauthorized: false })
  t.match(await sendAndRead(socket, `POST /public/x HTTP/1.1\r\n${framing}\r\n\r\n`), /^HTTP\/1\.1 413 [^]*too large$/)
})

t.test('bytes that a client sends after its last answer are not read as a request', async (t) => {
  const { port, origin } = await startPlain(t)
  const socket = open(t, port)
  socket.write('POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n')
  let answer = ''
  socket.setEncoding('latin1').on('data', (part: string) => void (answer += part))
  await once(socket, 'end')
  socket.end('bodyPOST /public/y HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
  await once(socket, 'close')
  t.match(answer, /^HTTP\/1\.1 413 [^]*too large$/)
  await fetch(`http://127.0.0.1:${port}/public/z`)
  t.same(
    origin.seen.map(({ url }) => url),
    ['/public/x', '/public/z'],
  )
})

t.test('a client that does not close after its last answer is disconnected', async (t) => {
  const { port, parts } = await startPlain(t)
  const socket = open(t, port)
  socket.write('POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\n')
  await once(socket.resume(), 'end')
  await until(() => {
    socket.write('.')
    return parts.overload.openConnections() === 0
  })
})

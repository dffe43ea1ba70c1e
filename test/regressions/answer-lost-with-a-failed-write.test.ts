import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'

import t, { type Test } from 'tap'

import { type Outcome, pem, type Recording, send, startConnections } from '../proxy/http1/support.ts'

// An upstream that answered a large upload with 413 and closed its connection mostly gave a 502: writing the next part of the upload
// failed, and the gateway did not read the answer that had arrived.

const part = Buffer.alloc(10_000)
const head = 'HTTP/1.1 413 Content Too Large\r\nconnection: close\r\n'
const answer = `${head}content-length: 9\r\n\r\ntoo large`

/** Whether the upstream leaves bytes unread, so that its close is a reset at once. Otherwise the reset follows the next bytes. */
const closings = { 'with a reset': true, 'in order': false }

/** Sends an upload to an upstream that answers at its start and closes. More of the upload is sent before the answer can be read. */
async function upload(t: Test, scheme: 'http' | 'https', reply: string, leavesUnread: boolean, length = -1) {
  const body = new PassThrough()
  const onConnection = (socket: Socket): void => {
    // Otherwise the end of a handshake may delay the answer.
    socket.setNoDelay(true).on('error', () => {})
    socket.once('data', () => {
      if (leavesUnread) body.write(part)
      if (leavesUnread) socket.pause()
      setImmediate(() => {
        socket.write(reply)
        socket.destroy()
        for (let more = 0; more < 3; more += 1) body.write(part)
      })
    })
  }
  const server =
    scheme === 'http'
      ? createServer(onConnection)
      : createTlsServer({ key: pem('server-key'), cert: pem('server') }, onConnection)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const tls = { ca: pem('ca'), serverName: 'docs.internal' }
  const connections = startConnections(t, `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, { tls })
  const framing = length === -1 ? [] : ['content-length', String(length)]
  return send(connections, { method: 'POST', headers: ['host', 'a', ...framing], body, bodyLength: length })
}

for (const scheme of ['http', 'https'] as const) {
  for (const [how, leavesUnread] of Object.entries(closings)) {
    for (const length of [-1, 10_000_000]) {
      t.test(
        `an early answer of an upstream that closes ${how} is forwarded (${scheme}, length ${length})`,
        async (t) => {
          const recording = await upload(t, scheme, answer, leavesUnread, length)
          t.same(await recording.outcome, { status: 413, body: 'too large' })
        },
      )
    }
  }
}

for (const [what, reply, calls] of [
  ['no answer', '', ['onFailure']],
  ['a part of a head', head, ['onAnswer', 'onFailure']],
  ['a part of a body', `${head}content-length: 10\r\n\r\ntoo large`, ['onAnswer', 'onHead', 'onData', 'onFailure']],
  ['a body that may have lost its end', `${head}\r\ntoo large`, ['onAnswer', 'onHead', 'onData', 'onFailure']],
] as const) {
  t.test(`a request fails if its upstream resets the connection after ${what}`, async (t) => {
    const recording: Recording = await upload(t, 'http', reply, true)
    const outcome: Outcome = await recording.outcome
    t.match(outcome, { failure: /^(EPIPE|ECONNRESET)$/ })
    t.same(recording.calls, ['onCarrier', 'onSend', ...calls])
  })
}

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'

import t, { type Test } from 'tap'

import { pem, send, startConnections } from './support.ts'

const tls = { ca: pem('ca'), serverName: 'docs.internal' }
const large = randomBytes(10 * 1024 * 1024)
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

type TlsOrigin = { url: string; server: Server; handshakes: unknown[][] }

/** An upstream with a certificate for `docs.internal`. Records of each handshake its version, resumption and protocol. */
async function startTlsOrigin(t: Test, listener: RequestListener, options: ServerOptions = {}): Promise<TlsOrigin> {
  const handshakes: unknown[][] = []
  const server = createServer({ key: pem('server-key'), cert: pem('server'), ...options }, listener)
  server.on('secureConnection', (socket) => {
    handshakes.push([socket.getProtocol(), socket.isSessionReused(), socket.alpnProtocol])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server, handshakes }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`a new connection resumes the TLS session of an earlier one (${version})`, async (t) => {
    const origin = await startTlsOrigin(
      t,
      (_request, response) => response.setHeader('connection', 'close').end('ok'),
      {
        maxVersion: version,
      },
    )
    const connections = startConnections(t, origin.url, { tls })
    for (let request = 0; request < 3; request += 1) {
      t.same(await send(connections).outcome, { status: 200, body: 'ok' })
    }
    t.same(
      origin.handshakes,
      [false, true, true].map((isTakenUp) => [version, isTakenUp, 'http/1.1']),
    )
  })

  for (const [what, given, failure] of [
    ['another name', { ...tls, serverName: 'other.internal' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an authority that we do not know', { serverName: 'docs.internal' }, /UNABLE_TO|SELF_SIGNED/],
  ] as const) {
    t.test(`a certificate of ${what} is refused on every attempt, and nothing is sent (${version})`, async (t) => {
      const origin = await startTlsOrigin(t, () => t.fail('the upstream was reached'), { maxVersion: version })
      const connections = startConnections(t, origin.url, { tls: given })
      for (let request = 0; request < 3; request += 1) {
        const recording = send(connections)
        t.match(await recording.outcome, { failure })
        t.same(recording.calls, ['onCarrier', 'onFailure'])
      }
    })
  }
}

t.test('one connection over TLS carries request after request', async (t) => {
  const origin = await startTlsOrigin(t, (_request, response) => response.end('ok'))
  const connections = startConnections(t, origin.url, { tls })
  for (let request = 0; request < 3; request += 1) {
    t.same(await send(connections).outcome, { status: 200, body: 'ok' })
  }
  t.equal(origin.handshakes.length, 1)
})

t.test('our certificate is sent if the upstream asks for it', async (t) => {
  const origin = await startTlsOrigin(
    t,
    (request, response) => response.end(String((request.socket as TLSSocket).getPeerCertificate().subject.CN)),
    { ca: pem('ca'), requestCert: true },
  )
  const connections = startConnections(t, origin.url, {
    tls: { ...tls, certificate: pem('client'), key: pem('client-key') },
  })
  t.same(await send(connections).outcome, { status: 200, body: 'stagedoor' })
})

for (const isPausing of [false, true]) {
  t.test(
    `ten megabytes are transferred completely over TLS, there and back (paused often: ${isPausing})`,
    async (t) => {
      const origin = await startTlsOrigin(t, (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => response.end(Buffer.concat(chunks)))
      })
      const body = Readable.from(
        (function* () {
          for (let at = 0; at < large.length; at += 70_001) yield large.subarray(at, at + 70_001)
        })(),
      )
      const recording = send(
        startConnections(t, origin.url, { tls }),
        { method: 'POST', body },
        {
          onData() {
            if (!isPausing) return
            recording.carrier?.pause()
            setImmediate(() => recording.carrier?.resume())
          },
        },
      )
      t.match(await recording.outcome, { status: 200 })
      t.equal(hashOf(recording.body), hashOf(large))
    },
  )
}

t.test('an upgrade over TLS passes on its socket with the bytes after the head', async (t) => {
  const origin = await startTlsOrigin(t, () => t.fail('not an upgrade'))
  origin.server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\nhello')
  })
  const recording = send(startConnections(t, origin.url, { tls }), { upgrade: 'websocket' })
  t.match(await recording.outcome, { status: 101 })
  recording.socket?.resume()
  t.equal(String((await once(recording.socket as TLSSocket, 'data'))[0]), 'hello')
  recording.socket?.destroy()
})

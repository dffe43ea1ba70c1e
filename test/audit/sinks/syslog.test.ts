import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

import t, { type Test } from 'tap'

import { syslogFrame, SyslogSink, type SyslogSinkOptions } from '../../../src/audit/sinks/syslog.ts'
import { startCertificates } from '../../support/certificates.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/until.ts'
import { epoch } from '../support.ts'

const line = (path: string) => JSON.stringify({ event: 'decision', path, time: epoch })

/** Splits received bytes into messages by their lengths (RFC 6587 §3.4.1). */
function messagesIn(text: string): string[] {
  const messages: string[] = []
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    const space = rest.indexOf(' ')
    const end = space + 1 + Number(rest.toString('utf8', 0, space))
    messages.push(rest.toString('utf8', space + 1, end))
    rest = rest.subarray(end)
  }
  return messages
}

async function listen(t: Test, server: Server, port = 0) {
  let text = ''
  const sockets = new Set<Socket>()
  const onSocket = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (part) => (text += String(part)))
  }
  server.on('connection', (socket) => sockets.add(socket))
  server.on('secureConnection', onSocket)
  if (!('setSecureContext' in server)) server.on('connection', onSocket)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  t.teardown(close)
  return { port: (server.address() as AddressInfo).port, text: () => text, close }
}

const start = (t: Test, options: Pick<SyslogSinkOptions, 'port'> & Partial<SyslogSinkOptions>) => {
  const sink = new SyslogSink({ host: '127.0.0.1', tls: undefined, onFailure: 'block', ...options })
  t.teardown(() => sink.close())
  return sink
}

t.test('a message has the header of RFC 5424, preceded by its length', async (t) => {
  const frame = syslogFrame(line('/ü'), { hostName: 'portal-1', processId: 7 })
  const message = `<110>1 ${epoch} portal-1 stagedoor 7 decision - ${line('/ü')}`
  t.equal(frame, `${Buffer.byteLength(message)} ${message}`)
  t.match(syslogFrame(line('/'), { hostName: '', processId: 7 }), ` ${epoch} - stagedoor`)
})

t.test('each record is one message over TCP, whatever clients wrote', async (t) => {
  const server = await listen(t, createServer())
  const sink = start(t, { port: server.port })
  sink.take([line('/a\n<110>1 forged'), line('/b')])
  await until(() => sink.status().waiting === 0)
  await sink.settled()
  await until(() => messagesIn(server.text()).length === 2)
  t.match(messagesIn(server.text()), [/ decision - \{.*\\n<110>1 forged.*\}$/, / decision - \{.*\/b.*\}$/])
})

t.test('over TLS a server without a trusted certificate gets no records', async (t) => {
  const files = await startCertificates(t)
  const [cert, key] = [await readFile(files.certificate, 'utf8'), await readFile(files.key, 'utf8')]
  const server = await listen(t, createTlsServer({ cert, key }))
  const trusting = start(t, { host: 'localhost', port: server.port, tls: { ca: cert } })
  trusting.take([line('/a')])
  await until(() => server.text() !== '')
  t.equal(messagesIn(server.text()).length, 1)
  const careful = start(t, { host: 'localhost', port: server.port, tls: {} })
  careful.take([line('/b')])
  await until(() => /self-signed|certificate/.test(careful.status().reason ?? ''))
  await t.rejects(careful.settled(), /certificate/)
  t.equal(messagesIn(server.text()).length, 1)
})

t.test('without a server records wait, and are sent in order once there is one', async (t) => {
  const port = await freePort()
  const sink = start(t, { port })
  sink.take([line('/1')])
  await until(() => sink.status().reason?.includes('ECONNREFUSED') === true)
  await t.rejects(sink.settled(), /ECONNREFUSED/)
  sink.take([line('/2')])
  t.match(sink.status(), { waiting: 2, lost: 0 })
  const server = await listen(t, createServer(), port)
  await until(() => messagesIn(server.text()).length === 2)
  t.match(messagesIn(server.text()), [/\/1/, /\/2/])
  t.equal(sink.status().reason, undefined)
})

t.test('a connection that ends is a failure until there is another', async (t) => {
  const server = await listen(t, createServer())
  const sink = start(t, { port: server.port })
  await until(() => sink.status().reason === undefined)
  server.close()
  await until(() => sink.status().reason !== undefined)
  sink.take(Array.from({ length: 20_001 }, () => line('/x')))
  t.match(sink.status(), { waiting: 20_000, lost: 1 })
})

/** A server that accepts a connection and reads nothing. */
const startStalled = (t: Test) => listen(t, createServer({ pauseOnConnect: true }))

/** More than the system buffers for a connection that is not read. */
const huge = line(`/${'x'.repeat(16_000_000)}`)

t.test(
  'while a server reads nothing, records wait within the limit, and go in order to the next connection',
  async (t) => {
    const stalled = await startStalled(t)
    const sink = start(t, { port: stalled.port })
    await until(() => sink.status().reason === undefined)
    sink.take([huge])
    sink.take([line('/1')])
    sink.take([line('/2')])
    sink.take(Array.from({ length: 20_000 }, () => line('/3')))
    t.match(sink.status(), { waiting: 20_000, lost: 2 })
    stalled.close()
    const server = await listen(t, createServer(), stalled.port)
    await until(() => sink.status().reason === undefined && sink.status().waiting === 0)
    await sink.settled()
    await until(() => server.text().length > 16_000_000 && messagesIn(server.text()).length === 20_001)
    const [first = '', ...others] = messagesIn(server.text())
    t.match(first, /xxx/)
    t.match(others.slice(0, 3), [/\/1/, /\/2/, /\/3/])
  },
)

t.test('a server that stops reading is a failure, and delays neither admin actions nor closing', async (t) => {
  const stalled = await startStalled(t)
  const sink = start(t, { port: stalled.port, timeoutMs: 50 })
  await until(() => sink.status().reason === undefined)
  sink.take([huge])
  await t.rejects(sink.settled(), /does not answer/)
  const other = start(t, { port: stalled.port })
  await until(() => other.status().reason === undefined)
  other.take([huge])
  await other.close()
  t.match(other.status(), { waiting: 1 })
})

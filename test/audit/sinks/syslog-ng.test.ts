import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { SyslogSink } from '../../../src/audit/sinks/syslog.ts'
import { startCertificates } from '../../support/certificates.ts'
import { endWithUs } from '../../support/children.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/until.ts'
import { temporaryFolder, trailOf, verdictOn } from '../support.ts'

t.setTimeout(120_000)

/** A real syslog-ng that listens on TCP and TLS, and writes the parts of each message to a file. */
async function startSyslogNg(t: Test) {
  const folder = await temporaryFolder(t)
  const { certificate, key } = await startCertificates(t)
  const [tcp, tls] = [await freePort(), await freePort()]
  const file = join(folder, 'received.jsonl')
  const source = (transport: string, port: number, more = '') =>
    `source s_${transport} { syslog(ip("127.0.0.1") port(${port}) transport("${transport}")${more}); };`
  const secrets = ` tls(key-file("${key}") cert-file("${certificate}") peer-verify(optional-untrusted))`
  const parts = '$PRI $ISODATE $HOST $PROGRAM $PID $MSGID $MSG\\n'
  await writeFile(
    join(folder, 'syslog-ng.conf'),
    [
      '@version: 3.35',
      'options { log-msg-size(65536); keep-hostname(yes); flush-lines(1); };',
      source('tcp', tcp),
      source('tls', tls, secrets),
      `destination d { file("${file}" template("${parts}")); };`,
      'log { source(s_tcp); source(s_tls); destination(d); };',
      '',
    ].join('\n'),
  )
  const own = ['persist', 'ctl', 'pid'].map((name) => join(folder, name))
  const [persist = '', control = '', pid = ''] = own
  const args = ['-F', '--no-caps', '-f', join(folder, 'syslog-ng.conf'), '-R', persist, '-c', control, '-p', pid]
  const child: ChildProcess = spawn('syslog-ng', args, {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  })
  endWithUs(child)
  t.teardown(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  await until(() => isOpen(tls))
  const received = async () =>
    (await readFile(file, 'utf8').catch(() => ''))
      .split('\n')
      .filter(Boolean)
      .map((text) => {
        const [priority, time, host, program, processId, messageId, ...record] = text.split(' ')
        return { priority, time, host, program, processId, messageId, record: record.join(' ') }
      })
  return { tcp, tls, ca: await readFile(certificate, 'utf8'), received }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined))
    socket.once('error', () => resolve(false))
  })
}

t.test(
  'a real syslog-ng reads each record as one message, over TCP and TLS, and the chain verifies there',
  async (t) => {
    const server = await startSyslogNg(t)
    const [first, second] = [trailOf('w-tcp', 20), trailOf('w-tls', 20)]
    const options = { host: 'localhost', onFailure: 'block' } as const
    const plain = new SyslogSink({ ...options, port: server.tcp, tls: undefined })
    const secure = new SyslogSink({ ...options, port: server.tls, tls: { ca: server.ca } })
    plain.take(first.lines)
    secure.take(second.lines)
    const count = first.lines.length + second.lines.length
    await until(async () => (await server.received()).length === count)
    await Promise.all([plain.close(), secure.close()])
    const received = await server.received()
    t.match(received[0], { priority: '110', program: 'stagedoor', processId: String(process.pid), messageId: 'start' })
    t.same(new Set(received.map(({ record }) => record)), new Set([...first.lines, ...second.lines]))
    const keys = [first.key.publicJwk, second.key.publicJwk]
    const { faults, writers } = verdictOn(
      received.map(({ record }) => record),
      { keys },
    )
    t.same(faults, [])
    t.equal(writers, 2)
  },
)

t.test('client input cannot start a new message', async (t) => {
  const server = await startSyslogNg(t)
  const sink = new SyslogSink({ host: 'localhost', port: server.tcp, tls: undefined, onFailure: 'block' })
  const line = JSON.stringify({
    event: 'decision',
    path: '/a\n<110>1 - - forged - - - x\r\n',
    time: '2026-01-02T03:04:05.678Z',
  })
  sink.take([line])
  await until(async () => (await server.received()).length > 0)
  await sink.close()
  t.same(
    (await server.received()).map(({ record }) => record),
    [line],
  )
})

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:tls'

import t, { type Test } from 'tap'

import { type CertificateOptions, openCertificate } from '../../src/listener/certificate.ts'
import { startCertificates } from '../support/certificates.ts'
import { ask, connectHttp2, startTlsGateway } from './support.ts'

const quickly = { everyMs: 5 }

async function open(t: Test, options: CertificateOptions) {
  const certificate = await openCertificate({ ...quickly, ...options })
  t.teardown(() => certificate.close())
  return certificate
}

t.test('a replaced certificate is detected once', async (t) => {
  const files = await startCertificates(t)
  const certificate = await open(t, files)
  const before = certificate.current()
  const changed = new Promise((resolve) => certificate.onChange(resolve))
  await files.issue('second')
  // The timer for this check does not keep a process alive.
  await certificate.look()
  t.same(await changed, certificate.current())
  t.notSame(certificate.current(), before)
})

t.test('unusable files leave the certificate unchanged and are reported once', async (t) => {
  const files = await startCertificates(t)
  const failures: unknown[] = []
  const certificate = await open(t, { ...files, onFailure: (cause) => failures.push(cause) })
  const before = certificate.current()
  await writeFile(files.certificate, 'no certificate')
  for (let i = 0; i < 3; i++) await certificate.look()
  t.equal(failures.length, 1)
  t.equal(certificate.current(), before)
})

t.test('a key of another certificate is refused at the start', async (t) => {
  const files = await startCertificates(t)
  const others = await startCertificates(t)
  await t.rejects(openCertificate({ certificate: files.certificate, key: others.key }), /is not the key of/)
})

t.test('new connections get the new certificate, and existing ones go on', async (t) => {
  const gateway = await startTlsGateway(t)
  const session = connectHttp2(t, gateway)
  await ask(session, { ':path': '/public/x' })
  t.equal(await commonNameAt(gateway.port), 'first')
  await gateway.files.issue('second')
  await gateway.parts.certificate?.look()
  t.equal(await commonNameAt(gateway.port), 'second')
  t.equal((await ask(session, { ':path': '/public/x' })).headers[':status'], 200)
})

async function commonNameAt(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: 'localhost', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

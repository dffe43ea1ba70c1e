import { mock } from 'node:test'

import t from 'tap'

import { provisionCertificate } from '../../src/assembly/certificate.ts'
import { createLasting, type Holding } from '../../src/assembly/kept-across-reloads.ts'
import type { Config } from '../../src/config/schema.ts'
import { startCertificates } from '../support/certificates.ts'
import { until } from '../support/until.ts'

t.test('a configuration that takes effect loads the current certificate files', async (t) => {
  // The certificate also checks its files by itself every 10 s.
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const certificates = await startCertificates(t)
  const { certificate, key } = certificates
  const written: unknown[] = []
  const surroundings = {
    logger: { info: () => undefined },
    trail: { write: (event: object) => void written.push(event) },
  }
  const provision = (holding: Holding) =>
    provisionCertificate({ server: { tls: { certificate, key } } } as Config, surroundings as never, holding)
  const lasting = createLasting()
  const [first, second] = [lasting.hold(), lasting.hold()]
  const opened = await provision(first)
  await first.putInForce()
  const before = opened?.current()
  await certificates.issue('second')
  t.equal(await provision(second), opened, 'one for both configurations')
  t.equal(opened?.current(), before, 'not before it takes effect')
  await second.putInForce(first)
  await until(() => written.length > 0)
  t.not(opened?.current().cert, before?.cert)
  t.match(written, [{ event: 'secret', change: { what: 'certificate of server.tls', action: 'changed' } }])
})

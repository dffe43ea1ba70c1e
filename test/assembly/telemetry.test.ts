import t from 'tap'

import { createLasting } from '../../src/assembly/kept-across-reloads.ts'
import { provisionTracing } from '../../src/assembly/telemetry.ts'
import type { Config } from '../../src/config/schema.ts'

const otlp = { endpoint: 'http://127.0.0.1:9', protocol: 'http/json', signals: ['traces'], headers: [], sampleRatio: 1 }
const configWith = (ca: string) => ({ telemetry: { otlp }, auth0: { tls: { ca } } }) as unknown as Config

t.test('a change of trusted authorities restarts the export of traces', async (t) => {
  const lasting = createLasting()
  const surroundings = { logger: { warn: () => undefined } }
  const tracingFor = async (ca: string) => provisionTracing(configWith(ca), surroundings, holding)
  const holding = lasting.hold()
  t.teardown(() => holding.release())
  const first = await tracingFor('one')
  t.equal(await tracingFor('one'), first)
  t.not(await tracingFor('another'), first)
})

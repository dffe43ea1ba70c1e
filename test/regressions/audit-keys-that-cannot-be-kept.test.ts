import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { generateStoredKey } from '../../src/assertion/key-rotation.ts'
import { temporaryFolder } from '../audit/support.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

const overdueMs = 91 * 86_400_000

/** Readiness reported keys of the audit trail only if they were in Redis. */
t.test('readiness reports that the next key of the audit trail could not be stored in its file', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'keys.json')
  const [current, next] = await Promise.all([generateStoredKey(), generateStoredKey()])
  await writeFile(path, JSON.stringify({ current, next, rotatedAt: Date.now() - overdueMs }))
  // The new file would be written here first (`storage/atomic-file.ts`).
  await mkdir(`${path}.${process.pid}.new`)
  const { parts, logged } = await startGateway(t, {
    auth0: { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' },
    upstream: 'http://127.0.0.1:1',
    port: await freePort(),
    config: { audit: { keys: { store: 'file', path } } },
  })
  await until(() => logged.some(({ msg }) => String(msg).includes('audit trail could not be read or rotated')))
  const condition = parts.health.conditions().find(({ name }) => name === 'audit-keys')
  t.match(condition, { status: 'degraded', reason: /the next key could not be stored/ })
})

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { keyStoreFor } from '../../src/assembly/assertion.ts'
import { configSchema } from '../../src/config/schema.ts'

const purposes = ['assertion', 'machines', 'audit'] as const

const configWith = (keys: object) =>
  configSchema.parse({
    server: { baseUrl: 'http://localhost:8080' },
    auth0: { issuer: 'https://tenant.example/', clientId: 'client', clientSecrets: ['secret'] },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: 'http://127.0.0.1:7007' } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    ...Object.fromEntries(purposes.map((purpose) => [purpose, { keys }])),
  })

for (const purpose of purposes) {
  t.test(`keys of ${purpose} are stored in a file only if the configuration chooses the file store`, async (t) => {
    const path = join(t.testdir({}), 'keys.json')
    t.equal(keyStoreFor(purpose, configWith({ store: 'memory', path }), randomBytes, undefined), undefined)
    const store = keyStoreFor(purpose, configWith({ store: 'file', path }), randomBytes, undefined)
    const key = { kid: 'k', jwk: {} }
    await store?.write({ current: key, next: key, rotatedAt: 0 })
    t.ok(existsSync(path))
  })
}

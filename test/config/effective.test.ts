import t from 'tap'

import { printable } from '../../src/config/effective.ts'
import { configSchema } from '../../src/config/schema.ts'
import { least, load } from './support.ts'

t.test('a domain becomes the issuer that Auth0 uses', async (t) => {
  const { config } = await load(t, { 'a.yaml': least.replace(/issuer: '[^']*'/, 'domain: Tenant.EU.auth0.com') })
  t.equal(config.auth0.issuer, 'https://tenant.eu.auth0.com/')
})

t.test('the issuer of another provider keeps its spelling', async (t) => {
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': 'auth0: { issuer: "http://localhost:4000/realm" }' })
  t.equal(config.auth0.issuer, 'http://localhost:4000/realm')
})

t.test('a base URL is reduced to its origin', async (t) => {
  const { config } = await load(t, {
    'a.yaml': least,
    'b.yaml': 'server: { baseUrl: "https://Portal.Example.com:443/" }',
  })
  t.equal(config.server.baseUrl, 'https://portal.example.com')
})

t.test('sessions are stored in Redis if configured, unless the store is set', async (t) => {
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': 'session: { redis: { url: redis://r:6379 } }' })
  t.equal(config.session.store, 'redis')
})

t.test('requirements nest, and their durations are in milliseconds', async (t) => {
  const allow =
    '{ all: [{ roles: [a] }, { not: { mfa: { within: 15m } } }, { claims: { "https://x/y.z": [gold, 1, true] } }] }'
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': `admin: { allow: ${allow} }` })
  t.same(config.admin.allow, {
    all: [{ roles: ['a'] }, { not: { mfa: { within: 900_000 } } }, { claims: { 'https://x/y.z': ['gold', 1, true] } }],
  })
})

t.test('the effective configuration is printed with units and without secrets', async (t) => {
  const overlay = 'session: { redis: { url: redis://u:hunter2@r } }\nadmin: { allow: { mfa: { within: 90m } } }'
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
  const printed = printable(config)
  t.match(printed, {
    server: { maxHeaderBytes: '32KiB', listen: { port: 8080 }, timeouts: { headers: '30s' } },
    session: { idleTimeout: '1h', secrets: ['[secret]'], redis: { url: '[secret]' } },
    admin: { allow: { mfa: { within: '90m' } } },
  })
  t.notMatch(JSON.stringify([printed, config]), /hunter2|0123456789abcdef|shh/)
})

t.test('the schema refuses a value that is no map', async (t) => {
  t.equal(configSchema.safeParse('x').success, false)
})

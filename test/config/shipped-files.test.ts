import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import t from 'tap'

import { staleFiles } from '../../scripts/generate.ts'
import { printable } from '../../src/config/effective.ts'
import { defaultConfigFile, loadConfig } from '../../src/config/load.ts'
import { folderWith } from './support.ts'

const needed = {
  STAGEDOOR_BASE_URL: 'https://portal.example.com',
  AUTH0_DOMAIN: 'tenant.eu.auth0.com',
  AUTH0_CLIENT_ID: 'abc',
  AUTH0_CLIENT_SECRET: '0123456789',
  STAGEDOOR_SESSION_SECRET: 'an example that is long enough to be used',
}

t.test('default.yaml, schema.json and docs/config.md are generated from the schema', async (t) => {
  t.same(await staleFiles(), [])
})

t.test('one variable lists all networks of proxies, and an invalid one is refused', async (t) => {
  const withProxies = (networks: string) =>
    loadConfig({ files: [], env: { ...needed, STAGEDOOR_TRUSTED_PROXIES: networks } })
  const { config, warnings } = await withProxies('10.0.0.0/8, fd00::/8')
  t.same(config.server.trustedProxies, ['10.0.0.0/8', 'fd00::/8'])
  t.same(warnings, [])
  t.match((await withProxies('10.0.0.0/8,0.0.0.0/0')).warnings, [{ path: ['server', 'trustedProxies', 1] }])
  await t.rejects(withProxies('10.0.0.0/8,10.0.0.1'), { code: 'STAGEDOOR_CONFIG_INVALID' })
})

t.test('default.yaml starts with only the required variables', async (t) => {
  const { config, warnings } = await loadConfig({ files: [], env: needed })
  t.same(warnings, [])
  t.matchOnly(printable(config), {
    server: {
      baseUrl: 'https://portal.example.com',
      reload: 'watch',
      replicas: 1,
      selfTest: 'off',
      prefix: '/.stagedoor',
      listen: { host: '0.0.0.0', port: 8080 },
      workers: 1,
      admin: { host: '127.0.0.1', port: 9464 },
      trustedProxies: [],
      passProxyHeaders: [],
      maxConnections: 20_000,
      maxRequests: 30_000,
      overload: { maxDelay: '3s', retryAfter: '2s' },
      maxHeaderBytes: '32KiB',
      failedAttempts: { max: 30, window: '1m' },
      timeouts: { headers: '30s', transfer: '1m', keepAlive: '75s', drain: '0ms', shutdown: '25s' },
    },
    auth0: {
      issuer: 'https://tenant.eu.auth0.com/',
      clientId: 'abc',
      clientSecrets: ['[secret]'],
      privateKeys: [],
      scopes: Array,
      typedLogoutTokens: false,
      pushedAuthorization: 'auto',
      claims: Object,
      timeout: '10s',
    },
    session: {
      store: 'cookie',
      secrets: ['[secret]'],
      idleTimeout: '1h',
      absoluteTimeout: '12h',
      refreshEvery: '10m',
      otherOrigins: 'read',
      maxStale: '1h',
    },
    assertion: {
      audience: 'urn:stagedoor:backstage',
      lifetime: '5m',
      keys: { store: 'memory', rotateEvery: '7d' },
      groups: { include: ['*'], exclude: [], max: 100 },
      headers: ['assertion'],
    },
    upstreams: { backstage: Object },
    machines: {
      audiences: [],
      issuers: [],
      audience: 'urn:stagedoor:backstage-machine',
      classes: [],
      lifetime: '5m',
      clockTolerance: '10s',
      deny: [],
      keys: { store: 'memory', rotateEvery: '7d' },
      jwks: { refreshEvery: '5m', keepFor: '1d' },
      backstageTokens: { rules: [] },
    },
    routes: Array,
    policy: { contact: 'the owners of the portal' },
    pages: { name: 'Stagedoor' },
    admin: { allow: { roles: ['stagedoor-admin'] } },
    audit: { sinks: [{ stdout: {} }], keys: { store: 'memory', rotateEvery: '90d' }, checkpointEvery: '1m' },
    telemetry: {},
    log: { level: 'info', requests: { quiet: Array, sampleRatio: 0 } },
  })
})

t.test('default.yaml has the defaults of the schema and no others', async (t) => {
  const written = await loadConfig({ files: [], env: needed })
  const folder = await folderWith(t, { 'least.yaml': leastOf(written.config.routes) })
  const left = await loadConfig({ files: [join(folder, 'least.yaml')], env: needed })
  t.same(printable(written.config), printable(left.config))
})

t.test('default.yaml accepts every optional variable', async (t) => {
  const optional = {
    STAGEDOOR_PORT: '9000',
    AUTH0_AUDIENCE: 'api',
    STAGEDOOR_REDIS_URL: 'redis://r',
    BACKSTAGE_URL: 'http://b:1',
  }
  const { config } = await loadConfig({ files: [], env: { ...needed, ...optional } })
  t.match(config, {
    server: { listen: { port: 9000 } },
    auth0: { audience: 'api' },
    session: { store: 'redis' },
    upstreams: { backstage: { urls: ['http://b:1'] } },
  })
})

t.test('default.yaml without an environment reports every required variable', async (t) => {
  const error = await loadConfig({ files: [], env: {} }).catch((error: unknown) => error)
  const text = JSON.stringify(error instanceof Error && 'problems' in error ? error.problems : undefined)
  const names = [...Object.keys(needed).filter((name) => name !== 'AUTH0_DOMAIN'), 'AUTH0_ISSUER']
  for (const name of names) t.match(text, `set ${name} in the environment`)
})

t.test('every example loads', async (t) => {
  const folder = await folderWith(t, {
    'auth0-client-secret': 'shh\n',
    'redis-url': 'rediss://u:p@redis:6380\n',
    session: 'an example that is long enough to be used\n',
  })
  const configFolder = dirname(defaultConfigFile())
  const examples = (await readdir(configFolder)).filter((name) => name.startsWith('example.'))
  t.ok(examples.length > 0)
  for (const name of examples) {
    const loaded = await loadConfig({ files: [join(configFolder, name)], env: { STAGEDOOR_SECRETS_FOLDER: folder } })
    t.same(loaded.warnings, [], name)
  }
})

/** Required options and the rules only. All other options have the defaults of the schema. */
function leastOf(routes: unknown): string {
  return JSON.stringify({
    server: { baseUrl: '${STAGEDOOR_BASE_URL}' },
    auth0: { domain: '${AUTH0_DOMAIN}', clientId: '${AUTH0_CLIENT_ID}', clientSecrets: ['${AUTH0_CLIENT_SECRET}'] },
    session: { secrets: ['${STAGEDOOR_SESSION_SECRET}'] },
    upstreams: { backstage: { url: 'http://127.0.0.1:7007' } },
    routes,
  })
}

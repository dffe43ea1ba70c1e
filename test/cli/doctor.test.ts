import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'

import t, { type Test } from 'tap'
import { stringify } from 'yaml'

import type { LocalAuth0Options } from '../../auth0/local/server.ts'
import { accessChecks } from '../../src/cli/doctor/access-checks.ts'
import { appBaseUrlIn } from '../../src/cli/doctor/backstage-checks.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { cookieComplaint } from '../../src/cli/doctor/gateway-checks.ts'
import { runSelfTest } from '../../src/cli/doctor/self-test.ts'
import { createProgram } from '../../src/cli/program.ts'
import { configSchema } from '../../src/config/schema.ts'
import { type House, startHouse } from '../support/house.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { temporaryFolder } from './rotate/support.ts'

type Fault = {
  /** What the configuration says wrongly, section by section. */
  config?: Record<string, object>
  auth0?: LocalAuth0Options
  /** Answers in Backstage's place, by path. */
  backstage?: Record<string, { status: number; body?: unknown }>
  /** Switches a fault on, once all runs. */
  cause?: (house: House) => void
  now?: () => number
  arguments?: string[]
  /** In place of the doctor. */
  command?: string[]
}

/** As much of Backstage as the doctor asks. */
function backstageLike(url: string, changed: Fault['backstage'] = {}): RequestListener {
  const missing = { status: 404, body: { error: { name: 'NotFoundError' } } }
  const unauthenticated = { status: 401, body: { error: { name: 'AuthenticationError' } } }
  const answers = new Map<string, { status: number; body?: unknown }>(
    Object.entries({
      '/.backstage/health/v1/readiness': { status: 200, body: { status: 'ok' } },
      '/api/auth/stagedoor/refresh': unauthenticated,
      '/api/auth/guest/refresh': missing,
      '/api/auth/oauth2Proxy/refresh': missing,
      '/api/auth/.well-known/openid-configuration': { status: 200, body: { issuer: `${url}/api/auth` } },
      '/api/catalog/entities': unauthenticated,
      ...changed,
    }),
  )
  return (request, response) => {
    const { status, body = {} } = answers.get(request.url?.split('?')[0] ?? '') ?? { status: 200 }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

/** Everything in good order, but for the fault. @returns what the doctor says, in JSON */
async function examine(t: Test, fault: Fault = {}) {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const house = await startHouse(t, {
    port,
    upstream: backstageLike(url, fault.backstage),
    auth0: { lifetimes: { rotationLeewaySeconds: 60 }, ...fault.auth0 },
  })
  fault.cause?.(house)
  const { auth0 } = house
  const file = join(await temporaryFolder(t), 'stagedoor.yaml')
  const sections: Record<string, object> = {
    server: { baseUrl: url },
    auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: house.origin.url } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
  }
  for (const [name, change] of Object.entries(fault.config ?? {})) sections[name] = { ...sections[name], ...change }
  await writeFile(file, stringify(sections))
  const seen = { out: '', err: '', exitCode: undefined as number | undefined }
  const terminal = {
    env: { STAGEDOOR_MANAGEMENT_TOKEN: fault.arguments ? await managementToken(house) : undefined },
    folder: '/',
    out: (text: string) => void (seen.out += text),
    err: (text: string) => void (seen.err += text),
    setExitCode: (code: number) => void (seen.exitCode = code),
  }
  const surroundings = { readInput: async () => '', fetch, now: fault.now ?? Date.now }
  const command = fault.command ?? ['doctor', '--json', ...(fault.arguments ?? [])]
  const arguments_ = [...command, '--config', file]
  await createProgram(terminal, async () => {}, surroundings).parseAsync(arguments_, { from: 'user' })
  const { findings = [] } = JSON.parse(fault.command === undefined && seen.out ? seen.out : '{}') as {
    findings?: Finding[]
  }
  // What every house on localhost is told, and no fault.
  const ids = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id)
  return { ...seen, findings, ids: [...new Set(ids)], house }
}

async function managementToken({ auth0 }: House): Promise<string> {
  const { clientId, clientSecret } = auth0.management
  const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  const body = new URLSearchParams({ ...grant, audience: `${auth0.issuer}api/v2/` })
  const response = await fetch(`${auth0.issuer}oauth/token`, { method: 'POST', body })
  return ((await response.json()) as { access_token: string }).access_token
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return privateKey
}

function puller(change: object = {}) {
  const clientSecret = 'stagedoor-management-secret-for-local-use-only'
  return { clientId: 'stagedoor-management', clientSecret, ...change }
}

const demoAudience = 'https://backstage.example.com/api'
const setApi = (settings: Record<string, unknown>) => (house: House) => {
  const api = house.auth0.tenant.apis.find(({ identifier }) => identifier === demoAudience)
  if (api !== undefined) api.settings = settings
}
const setStreams =
  (...eventStreams: Record<string, unknown>[]) =>
  (house: House) => {
    house.auth0.tenant.configuration.eventStreams = eventStreams.map((stream) => ({
      ...stream,
      destination: { type: 'webhook', configuration: { webhook_endpoint: `${house.url}/.stagedoor/events` } },
    }))
  }
const webhook = { tokens: ['a token of thirty-two characters and more'] }

const signedIn = { status: 200, body: { backstageIdentity: { token: 'a' } } }
const setClient = (change: object) => (house: House) => house.auth0.switches.setClient(house.auth0.clientId, change)

const faults: [what: string, fault: Fault, id: string, exitCode: number][] = [
  ['Auth0 is away', { cause: ({ auth0 }) => auth0.switches.down('refuse') }, 'auth0-discovery', 2],
  ['Auth0 answers nonsense', { cause: ({ auth0 }) => auth0.switches.down('garbage') }, 'auth0-discovery', 2],
  [
    'keys cannot be read',
    { cause: ({ auth0 }) => auth0.switches.down('error', ['/.well-known/jwks.json']) },
    'auth0-keys',
    2,
  ],
  ['the clock is a minute off', { now: () => Date.now() + 60_000 }, 'auth0-clock', 2],
  ['the clock is ten seconds off', { now: () => Date.now() - 10_000 }, 'auth0-clock', 1],
  [
    'an old tenant',
    { cause: ({ auth0 }) => auth0.switches.setSettings({ advertiseEndSession: false }) },
    'auth0-logout-endpoint',
    1,
  ],
  ['the callback is not registered', { cause: setClient({ callbacks: [] }) }, 'auth0-callback', 2],
  ['the logout URL is not registered', { cause: setClient({ logoutUrls: [] }) }, 'auth0-logout-url', 2],
  ['a wrong secret', { config: { auth0: { clientSecrets: ['wrong'] } } }, 'auth0-client-secret', 2],
  [
    'a rotation that was not finished',
    { config: { auth0: { clientSecrets: ['wrong', 'stagedoor-demo-secret-for-local-use-only'] } } },
    'auth0-client-secret',
    1,
  ],
  ['a grant type is missing', { cause: setClient({ grantTypes: ['refresh_token'] }) }, 'auth0-grant-type', 2],
  [
    'a private key that Auth0 does not have',
    { config: { auth0: { clientSecrets: [], privateKeys: [newPrivateKey()] } } },
    'auth0-private-key',
    2,
  ],
  [
    'an API of machines that is not there',
    { config: { machines: { audiences: ['https://nowhere.example.com'] } } },
    'auth0-machine-audience',
    2,
  ],
  [
    'a wrong secret for events',
    { config: { auth0: { events: { pull: puller({ clientSecret: 'no' }) } } } },
    'auth0-events',
    2,
  ],
  [
    'a client that may not ask for events',
    {
      config: {
        auth0: {
          events: {
            pull: { clientId: 'stagedoor-machine', clientSecret: 'stagedoor-machine-secret-for-local-use-only' },
          },
        },
      },
    },
    'auth0-events',
    2,
  ],
  [
    'a client that was not given read:events',
    {
      config: { auth0: { events: { pull: puller() } } },
      cause: ({ auth0 }) =>
        auth0.switches.setClient('stagedoor-management', { apiScopes: { [`${auth0.issuer}api/v2/`]: ['read:users'] } }),
    },
    'auth0-events',
    2,
  ],
  ['no such application', { config: { auth0: { clientId: 'nobody' } } }, 'auth0-client-id', 2],
  ['an API that is not there', { config: { auth0: { audience: 'https://nowhere.example.com' } } }, 'auth0-audience', 2],
  ['an organization that is not there', { config: { auth0: { organization: 'org_none' } } }, 'auth0-organization', 2],
  ['no refresh token is asked for', { config: { auth0: { scopes: ['openid'] } } }, 'auth0-offline-access', 1],
  ['a limit', { cause: ({ auth0 }) => auth0.switches.failNext('/v2/logout', [429]) }, 'auth0-rate-limit', 1],
  ['Redis is away', { config: { session: { redis: { url: 'redis://127.0.0.1:1' } } } }, 'redis', 2],
  ['a host name without an address', { config: { server: { baseUrl: 'https://stagedoor.invalid' } } }, 'dns', 2],
  [
    'Backstage is not ready',
    { backstage: { '/.backstage/health/v1/readiness': { status: 503 } } },
    'backstage-reachable',
    2,
  ],
  ['the module is missing', { backstage: { '/api/auth/stagedoor/refresh': { status: 404 } } }, 'backstage-module', 2],
  ['guests sign in', { backstage: { '/api/auth/guest/refresh': signedIn } }, 'backstage-guest', 1],
  ['oauth2Proxy', { backstage: { '/api/auth/oauth2Proxy/refresh': signedIn } }, 'backstage-unsigned-provider', 2],
  [
    'another base URL',
    {
      backstage: {
        '/api/auth/.well-known/openid-configuration': { status: 200, body: { issuer: 'http://b/api/auth' } },
      },
    },
    'backstage-base-url',
    2,
  ],
  [
    'everybody reads the catalog',
    { backstage: { '/api/catalog/entities': { status: 200, body: [] } } },
    'backstage-machine-forgery',
    2,
  ],
]

t.test('where all is well the doctor says so, with a token and without', async (t) => {
  for (const arguments_ of [undefined, ['--management']]) {
    const { ids, exitCode, out, err } = await examine(t, arguments_ ? { arguments: arguments_ } : {})
    t.same(ids, [], out + err)
    t.equal(exitCode, 0)
  }
})

for (const [what, fault, id, exitCode] of faults) {
  t.test(`${what}: the doctor names that and nothing else`, async (t) => {
    const seen = await examine(t, fault)
    const beside = id === 'dns' ? ['auth0-callback', 'auth0-logout-url', 'backstage-base-url'] : []
    t.same(
      seen.ids.filter((one) => !beside.includes(one)),
      [id],
      seen.out + seen.err,
    )
    t.equal(seen.exitCode, exitCode)
    for (const { meaning, fix } of seen.findings) t.ok(meaning !== '' && fix !== '')
  })
}

const managed: [what: string, fault: Fault, id: string][] = [
  ['no overlap', { auth0: { lifetimes: { rotationLeewaySeconds: 0 } } }, 'auth0-rotation-leeway'],
  [
    'logout tokens go elsewhere',
    { cause: setClient({ backchannelLogoutUrls: ['https://elsewhere.example.com/'] }) },
    'auth0-logout-initiators',
  ],
  [
    'a credential is about to expire',
    { cause: setClient({ credentials: [{ id: 'c', name: 'key', pem: '', expiresAt: new Date().toISOString() }] }) },
    'auth0-credential-expiry',
  ],
  [
    'no refresh tokens for the API',
    { config: { auth0: { audience: demoAudience } }, cause: setApi({ allow_offline_access: false }) },
    'auth0-api',
  ],
  [
    'consent is asked for the API',
    {
      config: { auth0: { audience: demoAudience } },
      cause: setApi({ skip_consent_for_verifiable_first_party_clients: false }),
    },
    'auth0-api',
  ],
  [
    'no machine may ask for the API',
    {
      config: { machines: { audiences: [demoAudience] } },
      cause: ({ auth0 }) => auth0.switches.setClient('stagedoor-machine', { apiScopes: {} }),
    },
    'auth0-machine-grants',
  ],
  ['no event stream', { config: { auth0: { events: { webhook } } } }, 'auth0-event-stream'],
  [
    'an event stream that is switched off',
    { config: { auth0: { events: { webhook } } }, cause: setStreams({ id: 'est_1', status: 'disabled' }) },
    'auth0-event-stream',
  ],
]

for (const [what, fault, id] of managed) {
  t.test(`${what}: the doctor names that and nothing else, given a token`, async (t) => {
    t.same((await examine(t, fault)).ids, [])
    const seen = await examine(t, { ...fault, arguments: ['--management'] })
    t.same(seen.ids, [id], seen.out)
  })
}

t.test('a forged identity that Backstage accepts is an alarm, for each kind', async (t) => {
  const { findings, exitCode } = await examine(t, { backstage: { '/api/auth/stagedoor/refresh': signedIn } })
  const alarms = findings.filter(({ id }) => id === 'backstage-forgery')
  t.same(
    alarms.map(({ found }) => found),
    [
      'signed with a wrong key',
      'for a wrong audience',
      'that has expired',
      'without a signature (alg none)',
      'without an assertion',
      'with nothing but X-Forwarded-User',
    ].map((kind) => `DANGER: Backstage accepts an identity ${kind}`),
  )
  t.equal(exitCode, 2)
})

t.test('the issuer without its slash is said with the spelling that is right', async (t) => {
  const { house } = await examine(t)
  const issuer = house.auth0.issuer.slice(0, -1)
  const { findings, ids } = await examine(t, {
    config: {},
    cause: ({ auth0 }) => void (auth0.tenant.issuer = `${auth0.issuer}x/`),
  })
  t.ok(ids.includes('auth0-issuer'), issuer)
  t.match(findings.find(({ id }) => id === 'auth0-issuer')?.fix, /Write auth0.issuer: http.*x\//)
})

t.test(
  'a start tries forged identities on Backstage, and refuses when one is accepted and that is asked for',
  async (t) => {
    const seen: unknown[] = []
    const log = (...words: unknown[]) => void seen.push(words)
    const logger = { warn: log, error: log } as never
    const origin = await startOrigin(t, backstageLike('http://localhost', { '/api/auth/stagedoor/refresh': signedIn }))
    const config = (selfTest: string, url: string) =>
      configSchema.parse({
        server: { baseUrl: 'http://localhost:8080', selfTest },
        auth0: { issuer: 'https://t.example.com/', clientId: 'a', clientSecrets: ['b'] },
        session: { secrets: ['a secret for tests, at least 32 characters'] },
        upstreams: { backstage: { url } },
        routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
      })
    const surroundings = { logger, fetch, now: Date.now }
    await runSelfTest(config('warn', origin.url), surroundings)
    t.equal(seen.length, 6)
    await t.rejects(
      runSelfTest(config('refuse', origin.url), surroundings),
      /Backstage accepts an identity signed with/,
    )
    const good = await startOrigin(t, backstageLike('http://localhost'))
    seen.length = 0
    await runSelfTest(config('refuse', good.url), surroundings)
    t.same(seen, [])
    await runSelfTest(config('refuse', 'http://127.0.0.1:1'), surroundings)
    t.match(seen, [[{ check: 'backstage-reachable' }]], 'while Backstage is away the start goes on')
  },
)

t.test('with machines, events and an API in good order nothing is found, with and without a token', async (t) => {
  const fault: Fault = {
    config: {
      auth0: { audience: demoAudience, events: { pull: puller(), webhook } },
      machines: { audiences: [demoAudience] },
    },
    cause: setStreams({ id: 'est_1', status: 'enabled' }),
  }
  t.same((await examine(t, fault)).ids, [])
  t.same((await examine(t, { ...fault, arguments: ['--management'] })).ids, [])
})

t.test('claims that Auth0 drops are named', async (t) => {
  const judge = async (issuer: string, claims: object) => {
    const config = {
      auth0: { issuer, claims: { roles: ['https://x/roles', 'roles'], groups: ['https://x/g'], ...claims } },
    }
    const check = accessChecks.find(({ id }) => id === 'auth0-claims')
    return (await check?.run({ config } as never))?.map(({ found }) => found)
  }
  const tenant = 'https://tenant.eu.auth0.com/'
  t.same(await judge(tenant, {}), [])
  t.same(await judge(tenant, { groups: ['groups', 'teams'] }), ['auth0.claims.groups names groups, teams only'])
  t.same(await judge('https://login.example.com/', { roles: ['roles'] }), [], 'other providers keep them')
})

t.test('cookies that something in between changed are seen', async (t) => {
  const good = '__Host-stagedoor-tx.a=b; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax'
  t.equal(cookieComplaint(good, true), undefined)
  t.match(cookieComplaint(undefined, true), /without its cookie/)
  t.match(cookieComplaint(good.replace('Secure; ', ''), true), /lost secure/)
  t.match(cookieComplaint(good.replace('Path=/', 'Path=/portal'), true), /lost path=\//)
  t.match(cookieComplaint(`${good}; Domain=example.com`, true), /got a Domain/)
})

t.test('the base URL of the app is read from Backstage’s page', async (t) => {
  const page =
    '<script type="backstage.io/config">\n[{"data":{"app":{"title":"x","baseUrl":"https://p"},"backend":{}}}]</script>'
  t.equal(appBaseUrlIn(page), 'https://p')
  t.equal(appBaseUrlIn('<html></html>'), undefined)
})

const online: [what: string, fault: Fault, expected: RegExp, exitCode: number][] = [
  ['all is well', {}, /^OK\n✓ Auth0 can be discovered[^]*checks, all well\.\n$/, 0],
  ['Auth0 is away', { cause: ({ auth0 }) => auth0.switches.down('refuse') }, /does not answer \(auth0-discovery\)/, 1],
  ['no such client', { config: { auth0: { clientId: 'nobody' } } }, /\(auth0-client-id\)/, 1],
  ['no such audience', { config: { auth0: { audience: 'https://nowhere.example.com' } } }, /\(auth0-audience\)/, 1],
  ['a wrong secret', { config: { auth0: { clientSecrets: ['wrong'] } } }, /\(auth0-client-secret\)/, 1],
]
for (const [what, fault, expected, exitCode] of online) {
  t.test(`check --online says so when ${what}`, async (t) => {
    const seen = await examine(t, { ...fault, command: ['check', '--online'] })
    t.match(seen.out, expected)
    t.equal(seen.exitCode, exitCode)
  })
}

t.test('for people every finding has its meaning and what mends it', async (t) => {
  const { out } = await examine(t, { cause: setClient({ callbacks: [] }), arguments: [] })
  t.match(out, /Allowed Callback URLs: add http:\/\/localhost:\d+\/.stagedoor\/callback/)
})

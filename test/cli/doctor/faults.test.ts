import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../../scripts/testing/command.ts'
import {
  demoAudience,
  examine,
  type Fault,
  newPrivateKey,
  puller,
  setApi,
  setAction,
  setClient,
  setConnections,
  setStreams,
  signedIn,
  webhook,
} from './support.ts'

/** A public key. */
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })

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
  [
    'the standard logout does not know the URL, as only /v2/logout does',
    { cause: ({ auth0 }) => auth0.switches.failNext('/oidc/logout', [400]) },
    'auth0-logout-url',
    2,
  ],
  [
    'logout tokens are sent to a private address',
    { cause: ({ auth0 }) => auth0.switches.setSettings({ advertiseBackchannelLogout: true }) },
    'auth0-logout-address',
    1,
  ],
  [
    'the ingress keeps logout tokens out',
    {
      config: { auth0: { events: { pull: puller() } } },
      cause: ({ auth0 }) => auth0.switches.setSettings({ advertiseBackchannelLogout: true }),
      ingress: { answer: ({ url }) => (url?.endsWith('/backchannel-logout') ? 403 : undefined) },
    },
    'backchannel-logout',
    2,
  ],
  [
    'another server answers at the base URL',
    { ingress: { answer: ({ url }) => (url?.endsWith('/health/live') ? 200 : undefined) } },
    'base-url',
    2,
  ],
  [
    'the ingress changes the path of cookies',
    { ingress: { cookie: (cookie) => cookie.replace('Path=/', 'Path=/portal') } },
    'cookie',
    2,
  ],
  [
    'the ingress refuses large cookies',
    { ingress: { answer: ({ headers: { cookie = '' } }) => (cookie.length > 8_000 ? 431 : undefined) } },
    'cookie-size',
    1,
  ],
  [
    'requests reach Backstage around Stagedoor',
    { ingress: { answer: ({ url }) => (url === '/api/auth/stagedoor/refresh' ? 200 : undefined) } },
    'gateway-forgery',
    2,
  ],
  ['WebSockets are cut', { backstage: { '/api/signals': { status: 0 } } }, 'backstage-websocket', 1],
  ['a limit', { cause: ({ auth0 }) => auth0.switches.failNext('/v2/logout', [429]) }, 'auth0-rate-limit', 1],
  ['Redis is away', { config: { session: { redis: { url: 'redis://127.0.0.1:1' } } } }, 'redis', 2],
  [
    'the token endpoint is down',
    { cause: ({ auth0 }) => auth0.switches.down('error', ['/oauth/token']) },
    'auth0-client-secret',
    2,
  ],
  [
    'the audit trail is on a full disk',
    { gateway: { audit: { sinks: [{ file: { path: '/dev/full' } }] } } },
    'readiness',
    1,
  ],
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

t.test('the doctor reports a correct setup, with and without a token', async (t) => {
  for (const arguments_ of [undefined, ['--management']]) {
    const { ids, exitCode, out, err } = await examine(t, arguments_ ? { arguments: arguments_ } : {})
    t.same(ids, [], out + err)
    t.equal(exitCode, 0)
  }
})

for (const [what, fault, id, exitCode] of faults) {
  t.test(`${what}: the doctor reports only that`, async (t) => {
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

t.test('the doctor reports the reasons that Redis and the gateway give', async (t) => {
  const { findings } = await examine(t, {
    config: { session: { redis: { url: 'redis://127.0.0.1:1' } } },
    gateway: { audit: { sinks: [{ file: { path: '/dev/full' } }] } },
  })
  const found = new Map(findings.map(({ id, found }) => [id, found]))
  t.equal(found.get('redis'), 'Redis does not answer, or refuses us: connect ECONNREFUSED 127.0.0.1:1')
  t.match(found.get('readiness'), /^audit file \/dev\/full is degraded: ENOSPC/)
})

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString()

const managed: [what: string, fault: Fault, id: string][] = [
  ['no overlap', { auth0: { lifetimes: { rotationLeewaySeconds: 0 } } }, 'auth0-rotation-leeway'],
  [
    'logout tokens go elsewhere',
    { cause: setClient({ backchannelLogoutUrls: ['https://elsewhere.example.com/'] }) },
    'auth0-logout-initiators',
  ],
  [
    'a credential is about to expire',
    { cause: setClient({ credentials: [{ id: 'c', name: 'key', pem, expiresAt: new Date().toISOString() }] }) },
    'auth0-credential-expiry',
  ],
  [
    'a credential is a year old',
    { cause: setClient({ credentials: [{ id: 'c', name: 'key', pem, createdAt: daysAgo(365) }] }) },
    'auth0-credential-age',
  ],
  [
    'the token may not read the application',
    {
      cause: ({ auth0 }) =>
        auth0.switches.setClient('stagedoor-management', { apiScopes: { [`${auth0.issuer}api/v2/`]: ['read:users'] } }),
    },
    'management-access',
  ],
  ['a single-page application', { cause: setClient({ settings: { app_type: 'spa' } }) }, 'auth0-app-type'],
  [
    'ID tokens are signed with the secret',
    { cause: setClient({ settings: { jwt_configuration: { alg: 'HS256' } } }) },
    'auth0-signature',
  ],
  [
    'the grant of refresh tokens is missing',
    { cause: setClient({ settings: { grant_types: ['authorization_code'] } }) },
    'auth0-refresh-grant',
  ],
  [
    'a social login with keys of Auth0’s',
    {
      cause: setConnections(
        { name: 'google', strategy: 'google-oauth2', options: {} },
        { name: 'github', strategy: 'github', options: { client_id: 'ours' } },
        { name: 'people', strategy: 'auth0', options: {} },
      ),
    },
    'auth0-social-keys',
  ],
  ['the Action is in no flow', { cause: setAction({ isDeployed: true, isBound: false }) }, 'auth0-action'],
  ['the Action is not deployed', { cause: setAction({ isDeployed: false, isBound: true }) }, 'auth0-action'],
  [
    'access tokens that only a shared secret verifies',
    { config: { machines: { audiences: [demoAudience] } }, cause: setApi({ signing_alg: 'HS256' }) },
    'auth0-api-tokens',
  ],
  [
    'access tokens that are encrypted',
    {
      config: { auth0: { audience: demoAudience } },
      cause: setApi({ token_encryption: { format: 'compact-nested-jwe' } }),
    },
    'auth0-api-tokens',
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
  t.test(`${what}: with a token, the doctor reports only that`, async (t) => {
    t.same((await examine(t, fault)).ids, [])
    const seen = await examine(t, { ...fault, arguments: ['--management'] })
    t.same(seen.ids, [id], seen.out)
  })
}

t.test('each check in the docs has a fault here or its own test', async (t) => {
  const elsewhere = [
    'auth0-issuer',
    'auth0-claims',
    'certificate',
    'tls',
    'auth0-tls',
    'auth0-secret-age',
    'backstage-forgery',
  ]
  const information = ['auth0-loopback', 'auth0-logout-notice']
  const page = await readFile(join(repositoryRoot, 'docs/doctor.md'), 'utf8')
  const rows = page
    .slice(page.indexOf('## What is checked'), page.indexOf('## What Auth0'))
    .matchAll(/^\| (`[^|]*)\|/gm)
  const named = [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, id]) => id ?? ''))
  const tried = [...faults, ...managed].map(([, , id]) => id)
  t.same(new Set(named.toSorted()), new Set([...tried, ...elsewhere, ...information].toSorted()))
})

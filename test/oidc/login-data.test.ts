import t from 'tap'

import { isLoginForOrganization } from '../../src/oidc/id-token.ts'
import { slotFor } from '../../src/oidc/login-slots.ts'
import { endSessionUrl } from '../../src/oidc/logout.ts'
import { mapUserClaims } from '../../src/oidc/map-user-claims.ts'
import { newSession, type Tokens } from '../../src/oidc/session-from-tokens.ts'
import { createUsedTransactions } from '../../src/oidc/transaction-cookies.ts'
import { isExpired } from '../../src/oidc/transaction.ts'
import { createSingleUse } from '../../src/revocation/single-use.ts'

const names = {
  roles: ['https://example.com/roles', 'roles'],
  groups: ['https://example.com/groups'],
  permissions: ['permissions'],
  preferredUsername: ['preferred_username', 'nickname'],
}

t.test('claims are mapped by their full names, and the first found is used', async (t) => {
  const claims = {
    email: 'jane@example.com',
    email_verified: true,
    name: 'Jane',
    nickname: 'jane',
    picture: 'https://example.com/jane.png',
    'https://example.com/roles': ['admin', 'admin', 'dev', 7, ''],
    roles: ['ignored'],
    'https://example.com/groups': 'platform',
    org_id: 'org_1',
    secret: 'left behind',
  }
  t.same(mapUserClaims(claims, names), {
    email: 'jane@example.com',
    email_verified: true,
    name: 'Jane',
    preferred_username: 'jane',
    picture: 'https://example.com/jane.png',
    org_id: 'org_1',
    roles: ['admin', 'dev'],
    groups: ['platform'],
    permissions: [],
  })
})

t.test('claims of the wrong type count as missing', async (t) => {
  const claims = {
    email: 7,
    email_verified: 'true',
    name: '',
    'https://example.com/roles': { a: 1 },
    'https://example.com/groups': '',
  }
  t.same(mapUserClaims(claims, names), { roles: [], groups: [], permissions: [] })
})

const tokens = (claims: object | undefined, refresh_token?: string) =>
  ({ claims: () => claims, ...(refresh_token && { refresh_token }) }) as unknown as Tokens

t.test('a session has the identity, the authentication and the end, and no ID or access token', async (t) => {
  const claims = {
    iss: 'https://t/',
    sub: 'auth0|j',
    iat: 1,
    exp: 2,
    aud: 'c',
    sid: 'S',
    acr: 'mfa',
    amr: ['mfa', 7],
    auth_time: 9,
    session_expiry: 50.000_5,
  }
  t.same(newSession(tokens(claims, 'refresh'), 'ref', names, 1_000), {
    id: 'ref',
    issuer: 'https://t/',
    subject: 'auth0|j',
    claims: { roles: [], groups: [], permissions: [] },
    amr: ['mfa'],
    createdAt: 1_000,
    refreshedAt: 1_000,
    usedAt: 1_000,
    providerSessionId: 'S',
    authTimeSeconds: 9,
    acr: 'mfa',
    refreshToken: 'refresh',
    ceilingAt: 50_000,
  })
})

t.test('facts that the provider omits stay absent', async (t) => {
  const session = newSession(tokens({ iss: 'https://t/', sub: 'auth0|j', iat: 1 }), 'ref', names, 1_000)
  for (const name of ['authTimeSeconds', 'acr', 'providerSessionId', 'refreshToken', 'ceilingAt'])
    t.notOk(name in session, name)
})

t.test('a login without an ID token starts no session', async (t) => {
  t.throws(() => newSession(tokens(undefined), 'ref', names, 1_000), TypeError)
})

t.test('organizations are compared by id exactly, by name regardless of case', async (t) => {
  t.equal(isLoginForOrganization(undefined, {}), true)
  t.equal(isLoginForOrganization('org_1', { org_id: 'org_1' }), true)
  t.equal(isLoginForOrganization('org_1', { org_id: 'ORG_1' }), false)
  t.equal(isLoginForOrganization('org_1', {}), false)
  t.equal(isLoginForOrganization('Acme', { org_name: 'acme' }), true)
  t.equal(isLoginForOrganization('acme', { org_name: 'other' }), false)
  t.equal(isLoginForOrganization('acme', { org_id: 'acme' }), false)
})

t.test('a login takes a free slot, or that of the oldest login', async (t) => {
  const login = (startedAt: number) => ({ startedAt }) as Parameters<typeof isExpired>[0]
  const full = { 0: login(50), 1: login(10), 2: login(40), 3: login(20), 4: login(30) }
  t.equal(slotFor(full, 7), '1')
  for (const random of [0, 1, 65_535]) t.equal(slotFor({ ...full, 3: undefined } as never, random), '3')
  t.same(new Set([0, 1, 2, 3, 4].map((random) => slotFor({}, random))).size, 5)
})

t.test('a login lasts at most ten minutes and completes once', async (t) => {
  const transaction = { startedAt: 1_000 } as Parameters<typeof isExpired>[0]
  t.equal(isExpired(transaction, 601_000), false)
  t.equal(isExpired(transaction, 601_001), true)
  let now = 0
  const local = createUsedTransactions(
    () => now,
    createSingleUse(() => now),
  )
  t.equal(await local.claim('a'), true)
  t.equal(await local.claim('a'), false)
  now = 600_000
  t.equal(await local.claim('a'), true)
})

t.test('a login completed in another process is complete; without Redis this process decides alone', async (t) => {
  const there = createSingleUse(() => 0)
  await createUsedTransactions(() => 0, there).claim('a')
  t.equal(await createUsedTransactions(() => 0, there).claim('a'), false)
  const away = createUsedTransactions(() => 0, { claim: () => Promise.reject(new Error('away')) })
  t.equal(await away.claim('a'), true)
  t.equal(await away.claim('a'), false)
})

const end = { clientId: 'c', signedOutUri: 'https://p/.stagedoor/signed-out', state: '/x', providerSessionId: 'S' }

t.test('a logout goes to the end-session endpoint with logout_hint instead of a token', async (t) => {
  const url = endSessionUrl({ issuer: 'https://t/', end_session_endpoint: 'https://t/oidc/logout' }, end)
  t.equal(
    url?.href,
    'https://t/oidc/logout?client_id=c&post_logout_redirect_uri=https%3A%2F%2Fp%2F.stagedoor%2Fsigned-out&state=%2Fx&logout_hint=S',
  )
})

t.test('an Auth0 tenant without an end-session endpoint is signed out through /v2/logout', async (t) => {
  const url = endSessionUrl({ issuer: 'https://t/', token_endpoint: 'https://t/oauth/token' }, end)
  t.equal(url?.pathname, '/v2/logout')
  t.equal(url?.searchParams.get('returnTo'), 'https://p/.stagedoor/signed-out?state=%2Fx')
  t.equal(endSessionUrl({ issuer: 'https://t', token_endpoint: 'https://t/token' }, end), undefined)
  t.notMatch(
    endSessionUrl(
      { issuer: 'https://t/', end_session_endpoint: 'https://t/e' },
      {
        ...end,
        providerSessionId: undefined,
      },
    )?.href,
    /logout_hint/,
  )
})

import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import t from 'tap'

import { createMemoryKeyStore } from '../../src/assertion/key-store.ts'
import { Keys } from '../../src/assertion/keys.ts'
import { createMinter } from '../../src/assertion/minter.ts'
import { oauth2ProxyHeaders } from '../../src/assertion/upstream-identity.ts'
import { assertionClaims } from '../../src/assertion/user-claims.ts'
import type { UserPrincipal } from '../../src/identity/principal.ts'

const jane: UserPrincipal = {
  kind: 'user',
  issuer: 'https://t/',
  subject: 'auth0|jane',
  sessionId: 'ref',
  claims: {
    email: 'jane@example.com',
    email_verified: true,
    name: 'Jané',
    roles: ['admin'],
    groups: [],
    permissions: [],
    org_id: 'org_1',
    // For rules only: the contract with upstreams has no such claim.
    custom: { 'https://example.com/cost-center': 7 },
  },
  authTimeSeconds: 9,
  amr: ['mfa'],
}

async function setUp() {
  let now = 1_700_000_000_000
  let ids = 0
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: 86_400_000, now: () => now })
  t.teardown(() => keys.close())
  const minter = createMinter({
    issuer: 'https://portal.example.com',
    audienceFor: () => 'urn:stagedoor:backstage',
    type: 'stagedoor-assertion+jwt',
    claims: assertionClaims,
    lifetimeMs: 300_000,
    currentKey: () => keys.current(),
    now: () => now,
    randomId: () => `id-${++ids}`,
  })
  return { keys, minter, pass: (ms: number) => (now += ms) }
}

t.test('an assertion identifies the caller and verifies with the published keys', async (t) => {
  const { keys, minter } = await setUp()
  const verified = await jwtVerify(await minter.mint(jane), createLocalJWKSet(keys.jwks()), {
    issuer: 'https://portal.example.com',
    audience: 'urn:stagedoor:backstage',
    typ: 'stagedoor-assertion+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(1_700_000_000_000),
  })
  t.same(verified.payload, {
    iss: 'https://portal.example.com',
    aud: 'urn:stagedoor:backstage',
    sub: 'auth0|jane',
    iat: 1_700_000_000,
    exp: 1_700_000_300,
    jti: 'id-1',
    sid: 'ref',
    kind: 'user',
    email: 'jane@example.com',
    email_verified: true,
    name: 'Jané',
    org_id: 'org_1',
    roles: ['admin'],
    auth_time: 9,
    amr: ['mfa'],
  })
  t.equal(verified.protectedHeader.kid, keys.current().kid)
})

t.test('unknown facts about a person are left out', async (t) => {
  const { minter } = await setUp()
  const { authTimeSeconds: _, ...plain } = jane
  const bare = { ...plain, amr: [], claims: { roles: [], groups: ['g'], permissions: ['p'] } }
  const claims = decodeJwt(await minter.mint(bare))
  t.same(Object.keys(claims).toSorted(), [
    'aud',
    'exp',
    'groups',
    'iat',
    'iss',
    'jti',
    'kind',
    'permissions',
    'sid',
    'sub',
  ])
})

t.test('an assertion is reused while more than a minute of its lifetime is left', async (t) => {
  const { minter, pass } = await setUp()
  t.equal(minter.recall(jane), undefined)
  const jws = await minter.mint(jane)
  pass(239_999)
  t.equal(minter.recall(jane), jws)
  pass(1)
  t.equal(minter.recall(jane), undefined)
})

t.test('rotating the keys drops the assertions that the old key signed', async (t) => {
  const { keys, minter } = await setUp()
  const jws = await minter.mint(jane)
  await keys.rotate()
  t.equal(minter.recall(jane), undefined)
  await t.resolves(jwtVerify(jws, createLocalJWKSet(keys.jwks()), { currentDate: new Date(1_700_000_001_000) }))
})

t.test('concurrent requests sign only one assertion', async (t) => {
  const { minter } = await setUp()
  const all = await Promise.all(Array.from({ length: 20 }, () => minter.mint(jane)))
  t.equal(new Set(all).size, 1)
})

t.test('oauth2-proxy headers contain only verified addresses in plain ASCII', async (t) => {
  const claims = { ...jane.claims, preferred_username: 'jané', groups: ['a', 'b'] }
  t.same(oauth2ProxyHeaders('auth0|jane', claims), [
    'X-Forwarded-User',
    'auth0|jane',
    'X-Forwarded-Email',
    'jane@example.com',
    'X-Forwarded-Preferred-Username',
    'jan%C3%A9',
    'X-Forwarded-Groups',
    'a,b',
  ])
  t.same(oauth2ProxyHeaders('x', { ...jane.claims, email_verified: false }), ['X-Forwarded-User', 'x'])
})

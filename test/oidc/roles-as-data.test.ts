import { UnsecuredJWT } from 'jose'
import t from 'tap'

import { accessTokenPermissions, mapUserClaims } from '../../src/oidc/map-user-claims.ts'
import { refreshedSession } from '../../src/oidc/refresh-session.ts'
import { claimsOfTokens, type Tokens } from '../../src/oidc/session-from-tokens.ts'

const none = { roles: [], groups: [], permissions: [], preferredUsername: [] }

t.test('a claim name with dots and slashes is one name', async (t) => {
  const claims = { 'https://example.com/app.v1/roles': ['a'], 'https://example': { 'com/app': { 'v1/roles': ['b'] } } }
  t.same(mapUserClaims(claims, { ...none, roles: ['https://example.com/app.v1/roles'] }).roles, ['a'])
  t.same(mapUserClaims({ a: { b: ['x'] } }, { ...none, roles: ['a.b'] }).roles, [])
})

t.test('a claim pattern matches any namespace, and the first match in alphabetical order is used', async (t) => {
  const names = { ...none, roles: ['https://*/roles'] }
  t.same(mapUserClaims({ 'https://b.example/roles': ['b'], 'https://a.example/roles': ['a'] }, names).roles, ['a'])
  t.same(mapUserClaims({ 'https://a.example/x/roles': ['deep'] }, names).roles, [])
  t.same(
    mapUserClaims({ 'https://a.example/roles2': ['longer'], 'http://a.example/roles': ['other'] }, names).roles,
    [],
  )
  t.same(mapUserClaims({ 'https://axexample/roles': undefined, x: 1 }, names).roles, [])
})

t.test('names and patterns are tried in the order of the list', async (t) => {
  const claims = { 'https://a.example/roles': ['pattern'], exact: ['exact'] }
  t.same(mapUserClaims(claims, { ...none, roles: ['missing', 'exact', 'https://*/roles'] }).roles, ['exact'])
  t.same(mapUserClaims(claims, { ...none, roles: ['https://*/roles', 'exact'] }).roles, ['pattern'])
})

t.test('claims that rules name keep their names, unless they are nested deeper than a list', async (t) => {
  const claims = {
    'https://a.example/tier': 'gold',
    'https://b.example/tier': ['tin', 7, true],
    'https://c.example/tier': { deep: true },
    'https://d.example/tier': [['deep']],
    other: 'left behind',
  }
  t.same(mapUserClaims(claims, { ...none, custom: ['https://*/tier', 'missing'] }).custom, {
    'https://a.example/tier': 'gold',
    'https://b.example/tier': ['tin', 7, true],
  })
  t.notHas(mapUserClaims(claims, { ...none, custom: ['missing'] }), 'custom')
})

const audience = 'https://api.example.com'
const token = (claims: Record<string, unknown>): string =>
  new UnsecuredJWT({ iss: 'https://t/', aud: audience, ...claims }).encode()
const where = { issuer: 'https://t/', audience }

t.test('permissions of Auth0’s RBAC are read from the access token for our own API', async (t) => {
  t.same(accessTokenPermissions(token({ permissions: ['read:x', 7] }), where), ['read:x'])
  t.same(accessTokenPermissions(token({ aud: [audience, 'https://t/userinfo'], permissions: ['a'] }), where), ['a'])
})

t.test('permissions are not read from any other token', async (t) => {
  t.same(accessTokenPermissions(token({ aud: 'https://other', permissions: ['a'] }), where), [])
  t.same(accessTokenPermissions(token({ iss: 'https://evil/', permissions: ['a'] }), where), [])
  t.same(accessTokenPermissions(token({}), where), [])
  t.same(accessTokenPermissions('opaque', where), [])
  t.same(accessTokenPermissions(token({ permissions: ['a'] }), { ...where, audience: undefined }), [])
})

t.test('permissions of the ID token come first', async (t) => {
  const tokens = { access_token: token({ permissions: ['from-access-token'] }) } as Tokens
  const idToken = { iss: 'https://t/', sub: 'u', aud: 'c', iat: 0, exp: 1 }
  const names = { ...none, permissions: ['p'], audience }
  t.same(claimsOfTokens(tokens, { ...idToken, p: ['from-id-token'] }, names).permissions, ['from-id-token'])
  t.same(claimsOfTokens(tokens, idToken, names).permissions, ['from-access-token'])
})

t.test('a refresh updates the claims of rules and the permissions, and keeps the second factor', async (t) => {
  const idToken = { iss: 'https://t/', sub: 'u', aud: 'c', iat: 0, exp: 1, tier: 'tin' }
  const tokens = { access_token: token({ permissions: ['new'] }), claims: () => idToken } as unknown as Tokens
  const session = {
    id: 's',
    issuer: 'https://t/',
    subject: 'u',
    claims: { roles: [], groups: [], permissions: ['old'], custom: { tier: 'gold' } },
    amr: ['mfa'],
    authTimeSeconds: 7,
    createdAt: 0,
    refreshedAt: 0,
    usedAt: 0,
  }
  t.match(refreshedSession(session, tokens, { ...none, custom: ['tier'], audience }, 1), {
    kind: 'refreshed',
    session: { amr: ['mfa'], authTimeSeconds: 7, claims: { permissions: ['new'], custom: { tier: 'tin' } } },
  })
})

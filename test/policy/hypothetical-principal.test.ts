import t from 'tap'

import { hypotheticalPrincipal } from '../../src/policy/hypothetical-principal.ts'
import { referencedClaims } from '../../src/policy/requirement.ts'
import { now, nowSeconds, rules } from './support.ts'

const names = {
  roles: ['https://example.com/roles'],
  groups: ['https://*/groups'],
  permissions: [],
  preferredUsername: ['nickname'],
  custom: ['https://*/tier'],
}

t.test('the payload of an ID token gives its person', async (t) => {
  const claims = {
    iss: 'https://t/',
    sub: 'auth0|jane',
    sid: 's1',
    email: 'jane@example.com',
    email_verified: true,
    'https://example.com/roles': ['admin'],
    'https://example.com/groups': ['sre'],
    'https://example.com/tier': 'gold',
    org_id: 'org_1',
    amr: ['mfa', 'pwd'],
    auth_time: nowSeconds,
  }
  t.same(hypotheticalPrincipal(claims, names, now), {
    kind: 'user',
    issuer: 'https://t/',
    subject: 'auth0|jane',
    sessionId: 's1',
    amr: ['mfa', 'pwd'],
    authTimeSeconds: nowSeconds,
    claims: {
      email: 'jane@example.com',
      email_verified: true,
      org_id: 'org_1',
      roles: ['admin'],
      groups: ['sre'],
      permissions: [],
      custom: { 'https://example.com/tier': 'gold' },
    },
  })
})

t.test('our short names are used if a token’s names are missing', async (t) => {
  const jane = hypotheticalPrincipal({ roles: ['a'], groups: 'b', permissions: ['c'], mfa: '5m' }, names, now)
  t.match(jane, {
    kind: 'user',
    subject: 'user',
    amr: ['mfa'],
    authTimeSeconds: nowSeconds - 300,
    claims: { roles: ['a'], groups: ['b'], permissions: ['c'] },
  })
  t.notHas(hypotheticalPrincipal({ mfa: 'long ago' }, names, now), 'authTimeSeconds')
})

t.test('an e-mail address counts as verified only with email_verified', async (t) => {
  t.notHas(hypotheticalPrincipal({ email: 'a@b' }, names, now), { claims: { email_verified: true } })
})

t.test('a client-credentials token gives a machine', async (t) => {
  const token = {
    iss: 'https://t/',
    sub: 'ci@clients',
    azp: 'ci',
    gty: 'client-credentials',
    scope: 'a b',
    permissions: ['a'],
    org_id: 'org_1',
  }
  t.same(hypotheticalPrincipal(token, names, now), {
    kind: 'machine',
    issuer: 'https://t/',
    subject: 'ci@clients',
    clientId: 'ci',
    scopes: ['a', 'b'],
    permissions: ['a'],
    organization: 'org_1',
    expiresAt: Infinity,
    claims: token,
  })
  t.match(hypotheticalPrincipal({ kind: 'machine', scopes: ['a'] }, names, now), {
    kind: 'machine',
    clientId: 'machine',
    subject: 'machine@clients',
    scopes: ['a'],
  })
})

t.test('a token gives a machine under the same conditions as in the gateway', async (t) => {
  for (const claims of [
    { sub: 'ci@clients', azp: 'ci' },
    { sub: 'ci', client_id: 'ci' },
    { sub: 'ci@clients', client_id: 'ci', sub_profile: 'service' },
  ]) {
    t.match(hypotheticalPrincipal(claims, names, now), { kind: 'machine', clientId: 'ci' })
  }
  t.match(hypotheticalPrincipal({ sub: 'auth0|jane', azp: 'portal' }, names, now), { kind: 'user' })
})

t.test('empty claims give an anonymous caller', async (t) => {
  t.same(hypotheticalPrincipal({}, names, now), { kind: 'anonymous' })
})

const claim = (name: string) => ({ claims: { [name]: ['x'] } })

t.test('the claims that rules use are found at any depth', async (t) => {
  const routes = rules([
    { name: 'a', path: '/a', allow: 'public' },
    { name: 'b', path: '/b', allow: { all: [claim('one'), { any: [claim('two.b/c'), { roles: ['r'] }] }] } },
    { name: 'c', path: '/c', allow: { not: claim('one') } },
  ])
  t.same(referencedClaims(routes, claim('three')), ['one', 'two.b/c', 'three'])
})

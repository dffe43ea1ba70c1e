import t from 'tap'

import type { Principal } from '../../src/identity/principal.ts'
import { decisionText } from '../../src/policy/explain.ts'
import { anonymous, machine, now, policyOf, user, userWithMfa } from './support.ts'

const policy = policyOf([
  { name: 'manifest', path: '/manifest.json', methods: ['GET'], allow: 'public' },
  { name: 'keys', path: '/api/auth/.well-known/**', methods: ['GET', 'HEAD'], allow: 'public' },
  { name: 'frame', path: '/api/auth/*/handler/frame', methods: ['POST'], allow: 'public' },
  { name: 'internal', path: '/**', hosts: ['internal.example.com'], allow: { kind: 'machine' }, upstream: 'internal' },
  { name: 'ported', path: '/**', hosts: ['portal.example.com:8443'], allow: { roles: ['operator'] } },
  {
    name: 'admin',
    path: '/api/admin/**',
    allow: { all: [{ roles: ['platform-admin'] }, { mfa: { within: '15m' } }] },
  },
  { name: 'vault', path: '/api/vault/**', allow: { mfa: {} } },
  { name: 'acme', path: '/api/acme/**', allow: { organizations: ['org_acme', 'org_acme2'] } },
  { name: 'staff', path: '/api/staff/**', allow: { emailDomains: ['example.com'] } },
  { name: 'jane', path: '/api/jane/**', allow: { subjects: ['auth0|jane', 'auth0|june'] } },
  { name: 'groups', path: '/api/groups/**', allow: { groups: ['platform', 'sre'] } },
  { name: 'perm', path: '/api/perm/**', allow: { permissions: ['write:catalog'] } },
  { name: 'scope', path: '/api/scope/**', allow: { scopes: ['catalog:read', 'catalog:write'] } },
  { name: 'tier', path: '/api/tier/**', allow: { claims: { 'https://example.com/tier': ['gold', 1, true] } } },
  { name: 'anytier', path: '/api/anytier/**', allow: { claims: { 'https://*/tier': ['gold'] } } },
  { name: 'twoclaims', path: '/api/two/**', allow: { claims: { a: ['x'], 'b.c/d': ['y'] } } },
  { name: 'people', path: '/api/people/**', allow: { kind: 'user' } },
  {
    name: 'contractors',
    path: '/api/nocontractors/**',
    allow: { all: [{ kind: 'user' }, { not: { groups: ['contractors'] } }] },
  },
  {
    name: 'either',
    path: '/api/either/**',
    allow: { any: [{ roles: ['lead'] }, { all: [{ groups: ['sre'] }, { mfa: { within: '1h' } }] }] },
  },
  {
    name: 'nested',
    path: '/api/nested/**',
    allow: { all: [{ any: [{ roles: ['a'] }, { roles: ['b'] }] }, { any: [{ groups: ['c'] }, { groups: ['d'] }] }] },
  },
  {
    name: 'write',
    path: '/api/catalog/**',
    methods: ['POST', 'PUT', 'DELETE'],
    allow: { permissions: ['write:catalog'] },
  },
  { name: 'secrets', path: '/api/*/secrets', methods: ['GET'], allow: { roles: ['auditor'] } },
  { name: 'user-jane', path: '/api/users/user:jane', allow: { roles: ['hr'] } },
  { name: 'open', path: '/open', allow: 'public' },
  { name: 'api', path: '/api/**', allow: 'authenticated' },
])

const bare = user()
const jane = user({ subject: 'auth0|jane', email: 'jane@example.com', email_verified: true })
const admin = user({ roles: ['platform-admin'] })
const adminWithMfa = userWithMfa(5, { roles: ['platform-admin'] })
const bot = machine()

type Row = [who: string, principal: Principal, method: string, path: string, expected: string, host?: string]

const rows: Row[] = [
  // Public rules: allowed with and without credentials.
  ['nobody', anonymous, 'GET', '/manifest.json', 'allow by rule manifest'],
  ['nobody', anonymous, 'HEAD', '/manifest.json', 'allow by rule manifest'],
  ['a user', bare, 'GET', '/manifest.json', 'allow by rule manifest'],
  ['a machine', bot, 'GET', '/manifest.json', 'allow by rule manifest'],
  ['nobody', anonymous, 'POST', '/manifest.json', 'deny no-rule'],
  ['nobody', anonymous, 'GET', '/Manifest.JSON', 'allow by rule manifest'],
  ['nobody', anonymous, 'GET', '/manifest.json/', 'allow by rule manifest'],
  ['nobody', anonymous, 'GET', '/manifest.jsonx', 'deny no-rule'],
  ['nobody', anonymous, 'GET', '/manifestxjson', 'deny no-rule'],
  ['nobody', anonymous, 'GET', '/manifest.json/x', 'deny no-rule'],
  ['nobody', anonymous, 'GET', '/api/auth/.well-known/jwks.json', 'allow by rule keys'],
  ['nobody', anonymous, 'GET', '/api/auth/.well-known', 'allow by rule keys'],
  ['nobody', anonymous, 'GET', '/api/auth/.well-known/', 'allow by rule keys'],
  ['nobody', anonymous, 'GET', '/api/auth/.well-known/a/b/c', 'allow by rule keys'],
  ['nobody', anonymous, 'HEAD', '/api/auth/.well-known/a', 'allow by rule keys'],
  ['nobody', anonymous, 'GET', '/API/AUTH/.WELL-KNOWN/a', 'allow by rule keys'],
  ['nobody', anonymous, 'GET', '/api/auth/.well-knownx', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'GET', '/api/auth/xwell-known/a', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'POST', '/api/auth/.well-known/a', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'POST', '/api/auth/github/handler/frame', 'allow by rule frame'],
  ['nobody', anonymous, 'POST', '/api/auth/github/handler/frame/', 'allow by rule frame'],
  ['nobody', anonymous, 'POST', '/api/auth/GitHub/Handler/Frame', 'allow by rule frame'],
  ['nobody', anonymous, 'GET', '/api/auth/github/handler/frame', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'HEAD', '/api/auth/github/handler/frame', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'POST', '/api/auth/github/x/handler/frame', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'POST', '/api/auth/handler/frame', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'POST', '/api/auth/github/handler/frame/x', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'GET', '/open', 'allow by rule open'],
  ['nobody', anonymous, 'DELETE', '/open', 'allow by rule open'],
  ['nobody', anonymous, 'GET', '/OPEN/', 'allow by rule open'],

  // Default deny.
  ['nobody', anonymous, 'GET', '/', 'deny no-rule'],
  ['a user', bare, 'GET', '/', 'deny no-rule'],
  ['an admin', adminWithMfa, 'GET', '/elsewhere', 'deny no-rule'],
  ['a machine', bot, 'GET', '/elsewhere', 'deny no-rule'],
  ['a user', bare, 'GET', '/apix', 'deny no-rule'],
  ['a user', bare, 'GET', '/ap', 'deny no-rule'],

  // authenticated
  ['nobody', anonymous, 'GET', '/api', 'deny unauthenticated by rule api'],
  ['nobody', anonymous, 'GET', '/api/', 'deny unauthenticated by rule api'],
  ['a user', bare, 'GET', '/api', 'allow by rule api'],
  ['a user', bare, 'GET', '/api/x', 'allow by rule api'],
  ['a user', bare, 'PROPFIND', '/api/x', 'allow by rule api'],
  ['a machine', bot, 'GET', '/api/x', 'allow by rule api'],
  ['a user', bare, 'GET', '/API/X', 'allow by rule api'],

  // Hosts: at every port unless one is written, a trailing dot and other hosts.
  ['a machine', bot, 'GET', '/x', 'allow by rule internal', 'internal.example.com'],
  ['a machine', bot, 'GET', '/x', 'allow by rule internal', 'internal.example.com:8080'],
  ['a machine', bot, 'GET', '/x', 'allow by rule internal', 'internal.example.com.'],
  ['a machine', bot, 'GET', '/x', 'allow by rule internal', 'internal.example.com.:443'],
  ['a machine', bot, 'GET', '/x', 'deny no-rule', 'xinternal.example.com'],
  ['a machine', bot, 'GET', '/x', 'deny no-rule', 'internal.example.com.evil.example'],
  ['a user', bare, 'GET', '/x', 'deny kind-mismatch by rule internal', 'internal.example.com'],
  ['nobody', anonymous, 'GET', '/x', 'deny unauthenticated by rule internal', 'internal.example.com'],
  ['nobody', anonymous, 'GET', '/manifest.json', 'allow by rule manifest', 'internal.example.com'],
  ['an operator', user({ roles: ['operator'] }), 'GET', '/x', 'allow by rule ported', 'portal.example.com:8443'],
  ['a user', bare, 'GET', '/x', 'deny role-missing by rule ported', 'portal.example.com:8443'],
  ['a user', bare, 'GET', '/x', 'deny role-missing by rule ported', 'portal.example.com.:8443'],
  ['an operator', user({ roles: ['operator'] }), 'GET', '/x', 'deny no-rule', 'portal.example.com'],

  // Roles and a second factor: the missing role comes first, because a second factor alone would not help.
  ['nobody', anonymous, 'GET', '/api/admin', 'deny unauthenticated by rule admin'],
  ['a user', bare, 'GET', '/api/admin', 'deny role-missing by rule admin'],
  ['a user with a second factor', userWithMfa(1), 'GET', '/api/admin/x', 'deny role-missing by rule admin'],
  ['an admin', admin, 'GET', '/api/admin/x', 'deny mfa-required by rule admin'],
  ['an admin, 5 min after', adminWithMfa, 'GET', '/api/admin/x', 'allow by rule admin'],
  [
    'an admin, 15 min after',
    userWithMfa(15, { roles: ['platform-admin'] }),
    'GET',
    '/api/admin/x',
    'allow by rule admin',
  ],
  [
    'an admin, over 15 min after',
    userWithMfa(15.1, { roles: ['platform-admin'] }),
    'GET',
    '/api/admin/x',
    'deny mfa-required by rule admin',
  ],
  [
    'an admin with another method',
    user({ roles: ['platform-admin'], amr: ['pwd', 'otp'], authTimeSeconds: now / 1000 }),
    'GET',
    '/api/admin/x',
    'deny mfa-required by rule admin',
  ],
  [
    'an admin whose second factor has no time',
    user({ roles: ['platform-admin'], amr: ['mfa'] }),
    'GET',
    '/api/admin/x',
    'deny mfa-required by rule admin',
  ],
  [
    'an admin from an hour ahead',
    userWithMfa(-60, { roles: ['platform-admin'] }),
    'GET',
    '/api/admin/x',
    'deny mfa-required by rule admin',
  ],
  [
    'an admin from half a minute ahead',
    userWithMfa(-0.5, { roles: ['platform-admin'] }),
    'GET',
    '/api/admin/x',
    'allow by rule admin',
  ],
  ['an admin elsewhere', admin, 'GET', '/api/administrator', 'allow by rule api'],
  ['an admin in capitals', user({ roles: ['PLATFORM-ADMIN'] }), 'GET', '/api/admin', 'deny role-missing by rule admin'],
  ['a user', bare, 'GET', '/API/Admin/x', 'deny role-missing by rule admin'],
  ['a user', bare, 'GET', '/api/admin/', 'deny role-missing by rule admin'],
  ['a user', bare, 'POST', '/api/admin/x/y/z', 'deny role-missing by rule admin'],
  ['a machine', bot, 'GET', '/api/admin', 'deny role-missing by rule admin'],
  ['a user', bare, 'GET', '/api/vault/x', 'deny mfa-required by rule vault'],
  ['a user, a day after', userWithMfa(1440), 'GET', '/api/vault/x', 'allow by rule vault'],
  ['a user with no time', user({ amr: ['mfa'] }), 'GET', '/api/vault/x', 'allow by rule vault'],
  ['a machine', bot, 'GET', '/api/vault/x', 'deny mfa-required by rule vault'],

  // Organizations
  ['a member', user({ org_id: 'org_acme' }), 'GET', '/api/acme', 'allow by rule acme'],
  ['a member of the second', user({ org_id: 'org_acme2' }), 'GET', '/api/acme', 'allow by rule acme'],
  ['a member of another', user({ org_id: 'org_other' }), 'GET', '/api/acme', 'deny organization-mismatch by rule acme'],
  ['a member in capitals', user({ org_id: 'ORG_ACME' }), 'GET', '/api/acme', 'deny organization-mismatch by rule acme'],
  ['a namesake', user({ org_name: 'org_acme' }), 'GET', '/api/acme', 'deny organization-mismatch by rule acme'],
  ['a user of none', bare, 'GET', '/api/acme', 'deny organization-mismatch by rule acme'],
  ['a machine of it', machine({ organization: 'org_acme' }), 'GET', '/api/acme', 'allow by rule acme'],
  ['a machine of none', bot, 'GET', '/api/acme', 'deny organization-mismatch by rule acme'],
  ['nobody', anonymous, 'GET', '/api/acme', 'deny unauthenticated by rule acme'],

  // E-mail domains: verified, exactly
  ['jane', jane, 'GET', '/api/staff', 'allow by rule staff'],
  [
    'jane in capitals',
    user({ email: 'JANE@EXAMPLE.COM', email_verified: true }),
    'GET',
    '/api/staff',
    'allow by rule staff',
  ],
  [
    'jane unverified',
    user({ email: 'jane@example.com', email_verified: false }),
    'GET',
    '/api/staff',
    'deny email-domain-mismatch by rule staff',
  ],
  [
    'jane of whom it is not said',
    user({ email: 'jane@example.com' }),
    'GET',
    '/api/staff',
    'deny email-domain-mismatch by rule staff',
  ],
  [
    'somebody of a subdomain',
    user({ email: 'x@sub.example.com', email_verified: true }),
    'GET',
    '/api/staff',
    'deny email-domain-mismatch by rule staff',
  ],
  [
    'somebody of a longer domain',
    user({ email: 'x@example.com.evil.example', email_verified: true }),
    'GET',
    '/api/staff',
    'deny email-domain-mismatch by rule staff',
  ],
  [
    'two at signs',
    user({ email: '"a@example.com"@evil.example', email_verified: true }),
    'GET',
    '/api/staff',
    'deny email-domain-mismatch by rule staff',
  ],
  [
    'no at sign',
    user({ email: 'example.com', email_verified: true }),
    'GET',
    '/api/staff',
    'deny email-domain-mismatch by rule staff',
  ],
  ['no address', user({ email_verified: true }), 'GET', '/api/staff', 'deny email-domain-mismatch by rule staff'],
  ['a machine', bot, 'GET', '/api/staff', 'deny email-domain-mismatch by rule staff'],

  // Subjects
  ['jane', jane, 'GET', '/api/jane', 'allow by rule jane'],
  ['june', user({ subject: 'auth0|june' }), 'GET', '/api/jane', 'allow by rule jane'],
  ['somebody else', bare, 'GET', '/api/jane', 'deny subject-mismatch by rule jane'],
  ['Jane', user({ subject: 'auth0|Jane' }), 'GET', '/api/jane', 'deny subject-mismatch by rule jane'],
  ['a machine of that name', machine({ subject: 'auth0|jane' }), 'GET', '/api/jane', 'allow by rule jane'],

  // Groups
  ['a member', user({ groups: ['everyone', 'platform'] }), 'GET', '/api/groups', 'allow by rule groups'],
  ['a member of the second', user({ groups: ['sre'] }), 'GET', '/api/groups', 'allow by rule groups'],
  ['a member of both', user({ groups: ['sre', 'platform'] }), 'GET', '/api/groups', 'allow by rule groups'],
  ['a member of others', user({ groups: ['everyone'] }), 'GET', '/api/groups', 'deny group-missing by rule groups'],
  ['a role of that name', user({ roles: ['platform'] }), 'GET', '/api/groups', 'deny group-missing by rule groups'],
  ['a user of none', bare, 'GET', '/api/groups', 'deny group-missing by rule groups'],
  ['a machine', bot, 'GET', '/api/groups', 'deny group-missing by rule groups'],

  // Permissions: of people and machines alike
  ['a user', user({ permissions: ['write:catalog'] }), 'GET', '/api/perm', 'allow by rule perm'],
  ['a machine', machine({ permissions: ['write:catalog'] }), 'GET', '/api/perm', 'allow by rule perm'],
  ['a reader', user({ permissions: ['read:catalog'] }), 'GET', '/api/perm', 'deny permission-missing by rule perm'],
  [
    'a machine with the scope only',
    machine({ scopes: ['write:catalog'] }),
    'GET',
    '/api/perm',
    'deny permission-missing by rule perm',
  ],
  ['nobody', anonymous, 'GET', '/api/perm', 'deny unauthenticated by rule perm'],

  // Scopes
  ['a machine', machine({ scopes: ['openid', 'catalog:write'] }), 'GET', '/api/scope', 'allow by rule scope'],
  [
    'a machine with part of it',
    machine({ scopes: ['catalog'] }),
    'GET',
    '/api/scope',
    'deny scope-missing by rule scope',
  ],
  ['a machine without', bot, 'GET', '/api/scope', 'deny scope-missing by rule scope'],
  ['a user', user({ permissions: ['catalog:read'] }), 'GET', '/api/scope', 'deny scope-missing by rule scope'],

  // Claims: one name, dots and slashes included
  ['gold', user({ custom: { 'https://example.com/tier': 'gold' } }), 'GET', '/api/tier', 'allow by rule tier'],
  ['the number 1', user({ custom: { 'https://example.com/tier': 1 } }), 'GET', '/api/tier', 'allow by rule tier'],
  ['true', user({ custom: { 'https://example.com/tier': true } }), 'GET', '/api/tier', 'allow by rule tier'],
  [
    'gold in a list',
    user({ custom: { 'https://example.com/tier': ['tin', 'gold'] } }),
    'GET',
    '/api/tier',
    'allow by rule tier',
  ],
  [
    'the text 1',
    user({ custom: { 'https://example.com/tier': '1' } }),
    'GET',
    '/api/tier',
    'deny claim-mismatch by rule tier',
  ],
  [
    'the text true',
    user({ custom: { 'https://example.com/tier': 'true' } }),
    'GET',
    '/api/tier',
    'deny claim-mismatch by rule tier',
  ],
  [
    'silver',
    user({ custom: { 'https://example.com/tier': 'silver' } }),
    'GET',
    '/api/tier',
    'deny claim-mismatch by rule tier',
  ],
  [
    'an empty list',
    user({ custom: { 'https://example.com/tier': [] } }),
    'GET',
    '/api/tier',
    'deny claim-mismatch by rule tier',
  ],
  [
    'another namespace',
    user({ custom: { 'https://example.org/tier': 'gold' } }),
    'GET',
    '/api/tier',
    'deny claim-mismatch by rule tier',
  ],
  ['a short name', user({ custom: { tier: 'gold' } }), 'GET', '/api/tier', 'deny claim-mismatch by rule tier'],
  ['no claim', bare, 'GET', '/api/tier', 'deny claim-mismatch by rule tier'],
  ['a machine', machine({ claims: { 'https://example.com/tier': 'gold' } }), 'GET', '/api/tier', 'allow by rule tier'],
  [
    'any namespace',
    user({ custom: { 'https://example.org/tier': 'gold' } }),
    'GET',
    '/api/anytier',
    'allow by rule anytier',
  ],
  [
    'any of two namespaces',
    user({ custom: { 'https://a/tier': 'tin', 'https://b/tier': 'gold' } }),
    'GET',
    '/api/anytier',
    'allow by rule anytier',
  ],
  [
    'a deeper name',
    user({ custom: { 'https://a/b/tier': 'gold' } }),
    'GET',
    '/api/anytier',
    'deny claim-mismatch by rule anytier',
  ],
  [
    'a longer name',
    user({ custom: { 'https://a/tiers': 'gold' } }),
    'GET',
    '/api/anytier',
    'deny claim-mismatch by rule anytier',
  ],
  ['both claims', user({ custom: { a: 'x', 'b.c/d': 'y' } }), 'GET', '/api/two', 'allow by rule twoclaims'],
  ['one claim', user({ custom: { a: 'x' } }), 'GET', '/api/two', 'deny claim-mismatch by rule twoclaims'],
  [
    'a claim with members',
    user({ custom: { a: 'x', b: { 'c/d': 'y' } } }),
    'GET',
    '/api/two',
    'deny claim-mismatch by rule twoclaims',
  ],

  // Kinds, not, any, all
  ['a user', bare, 'GET', '/api/people', 'allow by rule people'],
  ['a machine', bot, 'GET', '/api/people', 'deny kind-mismatch by rule people'],
  ['a user', bare, 'GET', '/api/nocontractors', 'allow by rule contractors'],
  ['a contractor', user({ groups: ['contractors'] }), 'GET', '/api/nocontractors', 'deny excluded by rule contractors'],
  ['a machine', bot, 'GET', '/api/nocontractors', 'deny kind-mismatch by rule contractors'],
  ['a lead', user({ roles: ['lead'] }), 'GET', '/api/either', 'allow by rule either'],
  ['an sre, half an hour after', userWithMfa(30, { groups: ['sre'] }), 'GET', '/api/either', 'allow by rule either'],
  ['an sre', user({ groups: ['sre'] }), 'GET', '/api/either', 'deny mfa-required by rule either'],
  ['a user', bare, 'GET', '/api/either', 'deny group-missing by rule either'],
  ['a user with a second factor', userWithMfa(1), 'GET', '/api/either', 'deny group-missing by rule either'],
  ['a and c', user({ roles: ['a'], groups: ['c'] }), 'GET', '/api/nested', 'allow by rule nested'],
  ['b and d', user({ roles: ['b'], groups: ['d'] }), 'GET', '/api/nested', 'allow by rule nested'],
  ['a alone', user({ roles: ['a'] }), 'GET', '/api/nested', 'deny group-missing by rule nested'],
  ['c alone', user({ groups: ['c'] }), 'GET', '/api/nested', 'deny role-missing by rule nested'],
  ['neither', bare, 'GET', '/api/nested', 'deny role-missing by rule nested'],

  // Methods: GET covers HEAD, which Express gives to the same handler
  ['a user', bare, 'GET', '/api/catalog/x', 'allow by rule api'],
  ['a user', bare, 'HEAD', '/api/catalog/x', 'allow by rule api'],
  ['a user', bare, 'POST', '/api/catalog/x', 'deny permission-missing by rule write'],
  ['a user', bare, 'PUT', '/api/catalog', 'deny permission-missing by rule write'],
  ['a user', bare, 'DELETE', '/API/CATALOG/x', 'deny permission-missing by rule write'],
  ['a user', bare, 'PATCH', '/api/catalog/x', 'allow by rule api'],
  ['a writer', user({ permissions: ['write:catalog'] }), 'POST', '/api/catalog/x', 'allow by rule write'],
  ['nobody', anonymous, 'POST', '/api/catalog/x', 'deny unauthenticated by rule write'],
  ['a user', bare, 'GET', '/api/x/secrets', 'deny role-missing by rule secrets'],
  ['a user', bare, 'HEAD', '/api/x/secrets', 'deny role-missing by rule secrets'],
  ['a user', bare, 'HEAD', '/api/x/secrets/', 'deny role-missing by rule secrets'],
  ['a user', bare, 'GET', '/api/x/SECRETS', 'deny role-missing by rule secrets'],
  ['a user', bare, 'GET', '/api/a%20b/secrets', 'deny role-missing by rule secrets'],
  ['a user', bare, 'GET', '/api/x/y/secrets', 'allow by rule api'],
  ['a user', bare, 'GET', '/api/x/secrets/y', 'allow by rule api'],
  ['a user', bare, 'POST', '/api/x/secrets', 'allow by rule api'],
  ['an auditor', user({ roles: ['auditor'] }), 'HEAD', '/api/x/secrets', 'allow by rule secrets'],

  // Escapes that Express decodes in its parameters are equivalent.
  ['a user', bare, 'GET', '/api/users/user:jane', 'deny role-missing by rule user-jane'],
  ['a user', bare, 'GET', '/api/users/user%3Ajane', 'deny role-missing by rule user-jane'],
  ['a user', bare, 'GET', '/api/users/USER%3ajane/', 'deny role-missing by rule user-jane'],
  ['a user', bare, 'GET', '/api/users/user:max', 'allow by rule api'],
]

t.ok(rows.length >= 150, `the specification has ${rows.length} rows`)

for (const [who, principal, method, path, expected, host = 'portal.example.com'] of rows) {
  t.test(`${who}: ${method} ${path}${host === 'portal.example.com' ? '' : ` at ${host}`}: ${expected}`, async (t) => {
    const asked = { method, path, host }
    t.equal(decisionText(policy.decide(principal, asked, now)), expected)
    t.same(policy.explain(principal, asked, now).decision, policy.decide(principal, asked, now))
  })
}

t.test('an allowed request goes to the upstream of its rule, or to the default one', async (t) => {
  const asked = { method: 'GET', path: '/x', host: 'internal.example.com' }
  t.same(policy.decide(bot, asked, now), { effect: 'allow', rule: 'internal', upstream: 'internal' })
  t.match(policy.decide(bare, { ...asked, path: '/api', host: '' }, now), { upstream: 'backstage' })
})

t.test('the audit class of a rule is part of every decision by it', async (t) => {
  const labelled = policyOf([{ name: 'x', path: '/**', allow: { roles: ['sre'] }, audit: 'changes' }])
  const asked = { method: 'GET', path: '/x', host: '' }
  t.same(labelled.decide(user({ roles: ['sre'] }), asked, now), {
    effect: 'allow',
    rule: 'x',
    upstream: 'backstage',
    label: 'changes',
  })
  t.match(labelled.decide(bare, asked, now), { effect: 'deny', reason: 'role-missing', label: 'changes' })
})

import t from 'tap'

import { machineClaims } from '../../src/assertion/machine-claims.ts'
import { audienceOfClass } from '../../src/assertion/machine-classes.ts'
import { algorithmFault } from '../../src/bearer/accepted-algorithms.ts'
import { accessTokenOf } from '../../src/bearer/access-token.ts'
import { machineProfile } from '../../src/bearer/profiles.ts'
import { createVerifier } from '../../src/bearer/verifier.ts'
import { clientOf, isMachine } from '../../src/oidc/machine-or-person.ts'
import { encode } from '../support/machine.ts'

t.test("a machine is recognized by Auth0's claims, never by the suffix of its subject alone", async (t) => {
  const rows: [claims: Record<string, unknown>, isMachine: boolean][] = [
    [{ gty: 'client-credentials', azp: 'a', sub: 'x' }, true],
    [{ azp: 'a', sub: 'a@clients' }, true],
    [{ client_id: 'a', sub: 'a@clients' }, true],
    [{ client_id: 'a', sub: 'a' }, true],
    [{ azp: 'a', sub: 'agent', sub_profile: 'ai_agent' }, true],
    [{ azp: 'a', sub: 'agent', sub_profile: 'service' }, true],
    [{ azp: 'a', sub: 'b@clients' }, false],
    [{ sub: 'b@clients' }, false],
    [{ azp: '', sub: '@clients' }, false],
    [{ azp: 'a', sub: 'auth0|1', sub_profile: 'user' }, false],
    [{ azp: 'a', sub: 'auth0|1', gty: 'password' }, false],
  ]
  for (const [claims, expected] of rows) t.equal(isMachine(claims), expected, JSON.stringify(claims))
})

t.test('claims are mapped, and a claim of the wrong type counts as missing', async (t) => {
  const claims = {
    iss: 'i',
    sub: 's',
    email: 'e@example.com',
    client_id: 'c',
    azp: 'a',
    org_id: 'org_1',
    scope: 'a  b',
  }
  t.match(accessTokenOf({ ...claims, exp: 5 }), {
    issuer: 'i',
    subject: 's',
    clientId: 'c',
    scopes: ['a', 'b'],
    permissions: { length: 0 },
    organization: 'org_1',
    expiresAt: 5_000,
  })
  const odd = accessTokenOf({ iss: 'i', sub: 's', exp: 5, scope: ['a'], permissions: ['p', 1], org_id: 7 })
  t.match(odd, { clientId: '', scopes: { length: 0 }, permissions: ['p'] })
  t.notOk('organization' in odd)
  t.equal(clientOf({ azp: 7 }), undefined)
})

t.test('only listed algorithms are accepted, and Ed25519 by both of its names', async (t) => {
  const rows: [names: string[], fault: string | undefined][] = [
    [['RS256', 'RS512', 'PS256', 'PS512', 'ES256', 'ES512', 'EdDSA', 'Ed25519'], undefined],
    [['Ed448', 'ed25519', 'ES256K', 'ML-DSA-44'], 'algorithm-unknown'],
  ]
  for (const [names, fault] of rows) for (const name of names) t.equal(algorithmFault(name), fault, name)
})

t.test('a class matches by scope or by permission', async (t) => {
  const machine = { scopes: ['a'], permissions: ['b'] }
  t.equal(audienceOfClass(machine, [{ audience: 'x', permissions: ['b'] }], 'y'), 'x')
  t.equal(audienceOfClass(machine, [{ audience: 'x', scopes: ['a'] }], 'y'), 'x')
  t.equal(audienceOfClass(machine, [{ audience: 'x', scopes: ['b'], permissions: ['a'] }], 'y'), 'y')
})

t.test(
  'a verified token is accepted from the cache as long as its expiry and its age allow, with the tolerance',
  async (t) => {
    const expected = { issuers: new Map(), clientIds: [], clockToleranceMs: 10_000, deny: [] }
    const claims = { iat: 1_000, exp: 2_000 }
    const until = (maxTokenAgeMs?: number) =>
      machineProfile({ ...expected, maxTokenAgeMs }, () => undefined).usableUntil(claims)
    t.equal(until(), 2_009_999)
    t.equal(until(600_000), 1_609_999)
  },
)

t.test('a configured issuer without keys counts as unavailable', async (t) => {
  const now = 1_700_000_000
  const expected = { issuers: new Map([['i', ['a']]]), clientIds: [], clockToleranceMs: 0, deny: [] }
  const verifier = createVerifier({ machine: machineProfile(expected, () => undefined), now: () => now * 1000 })
  const header = encode({ alg: 'RS256', typ: 'at+jwt', kid: 'k' })
  const claims = { iss: 'i', aud: 'a', sub: 'c', client_id: 'c', iat: now, exp: now + 60 }
  t.same(await verifier.verify(`${header}.${encode(claims)}.AAAA`), { kind: 'unavailable' })
  // Too long to be cached as foreign, and still not ours.
  t.notOk(verifier.isOurs(`${header}.${encode({ ...claims, iss: 'x', filler: 'x'.repeat(4_000) })}.AAAA`))
})

t.test('a token refused for its claims causes no lookup of keys, so that strangers cause no fetch', async (t) => {
  const now = 1_700_000_000
  const expected = { issuers: new Map([['i', ['a']]]), clientIds: [], clockToleranceMs: 0, deny: [] }
  const lookups: string[] = []
  const noKeys = (issuer: string) => void lookups.push(issuer)
  const machine = machineProfile(expected, noKeys)
  const verifier = createVerifier({ machine, now: () => now * 1000 })
  const header = encode({ alg: 'RS256', typ: 'at+jwt', kid: 'made-up' })
  const good = { iss: 'i', aud: 'a', sub: 'c', client_id: 'c', iat: now - 60, exp: now + 60 }
  const rows: [reason: string, change: object][] = [
    ['expired', { exp: now - 1 }],
    ['issued-in-future', { iat: now + 1 }],
    ['sender-constrained', { cnf: {} }],
  ]
  for (const [reason, change] of rows) {
    const verdict = await verifier.verify(`${header}.${encode({ ...good, ...change })}.AAAA`)
    t.match(verdict, { kind: 'refused', reason })
  }
  t.same(lookups, [])
  await verifier.verify(`${header}.${encode(good)}.AAAA`)
  t.same(lookups, ['i'])
})

t.test('claims that a machine lacks are left out of its token', async (t) => {
  const issue = { issuer: 'i', audience: 'a', issuedAtSeconds: 100, lifetimeSeconds: 300, id: 'x' }
  const machine = { kind: 'machine', issuer: 'auth0', subject: 's', clientId: 'c', claims: {} } as const
  const bare = machineClaims({ ...machine, scopes: [], permissions: [], expiresAt: 105_000 }, issue)
  t.same(bare, { iss: 'i', aud: 'a', sub: 'c', iat: 100, exp: 110, jti: 'x', kind: 'machine', client_iss: 'auth0' })
  const member = { ...machine, scopes: ['s'], permissions: ['p'], organization: 'org_1', expiresAt: 1e9 }
  t.match(machineClaims(member, issue), { scope: 's', permissions: ['p'], org_id: 'org_1', exp: 400 })
})

import t from 'tap'

import { decisionRecord, sessionRecord, subjectOf } from '../../src/audit/record.ts'
import type { RequestFacts } from '../../src/boundary/facts.ts'
import type { MachinePrincipal, UserPrincipal } from '../../src/identity/principal.ts'

const epoch = '1970-01-01T00:00:00.000Z'
const facts: RequestFacts = {
  requestId: 'r-1',
  traceparent: '00-…',
  method: 'GET',
  path: '/catalog',
  query: '?code=secret',
  host: 'portal.example.com',
  protocol: 'https',
  clientIp: '203.0.113.9',
  isNavigation: true,
  isUpgrade: false,
}
const jane: UserPrincipal = {
  kind: 'user',
  issuer: 'https://t/',
  subject: 'auth0|jane',
  sessionId: 'ref',
  claims: { email: 'jane@example.com', roles: [], groups: [], permissions: [] },
  amr: [],
}
const robot: MachinePrincipal = {
  kind: 'machine',
  issuer: 'https://t/',
  subject: 'client@clients',
  clientId: 'client',
  scopes: [],
  permissions: [],
  expiresAt: 0,
  claims: {},
}

t.test('a record says who asked for what, when, from where, and what was decided', async (t) => {
  const decision = { effect: 'allow', rule: 'everything', upstream: 'backstage' } as const
  t.same(decisionRecord(facts, jane, decision, 200, epoch), {
    time: epoch,
    event: 'decision',
    request_id: 'r-1',
    client_ip: '203.0.113.9',
    principal: { kind: 'user', issuer: 'https://t/', subject: 'auth0|jane', session: 'ref' },
    method: 'GET',
    host: 'portal.example.com',
    path: '/catalog',
    outcome: 'allow',
    rule: 'everything',
    status: 200,
  })
})

t.test('a refusal carries its reason, and a rule where one spoke', async (t) => {
  const byRule = decisionRecord(facts, jane, { effect: 'deny', reason: 'role-missing', rule: 'admin' }, 403, epoch)
  t.match(byRule, { outcome: 'deny', reason: 'role-missing', rule: 'admin', status: 403 })
  t.notOk('rule' in decisionRecord(facts, { kind: 'anonymous' }, { effect: 'deny', reason: 'no-rule' }, 403, epoch))
})

t.test('a record holds neither query nor e-mail address', async (t) => {
  const text = JSON.stringify(decisionRecord(facts, jane, { effect: 'deny', reason: 'no-rule' }, 403, epoch))
  t.notMatch(text, /secret|jane@example/)
})

t.test('a record bears the label of its rule', async (t) => {
  const decision = { effect: 'allow', rule: 'admin', upstream: 'backstage', label: 'changes' } as const
  t.match(decisionRecord(facts, jane, decision, 200, epoch), { rule: 'admin', label: 'changes' })
})

t.test('secrets in what a client wrote are masked', async (t) => {
  const written = { ...facts, path: '/reset/token=s3cr3t', host: 'jane@mail.example.com' }
  const record = decisionRecord(written, jane, { effect: 'deny', reason: 'no-rule' }, 403, epoch)
  t.match(record, { path: '/reset/token=[redacted]', host: '[redacted]' })
})

t.test('each kind of principal is named by what it is', async (t) => {
  t.same(subjectOf({ kind: 'anonymous' }), { kind: 'anonymous' })
  t.same(subjectOf(robot), { kind: 'machine', issuer: 'https://t/', subject: 'client@clients' })
})

t.test('logins and logouts are on record', async (t) => {
  const record = sessionRecord('login', facts, { issuer: 'https://t/', subject: 'auth0|jane', id: 'ref' }, epoch)
  t.match(record, { event: 'login', outcome: 'allow', principal: { subject: 'auth0|jane', session: 'ref' } })
})

import t from 'tap'

import type { AuditEvent } from '../../src/audit/event.ts'
import { canonicalJson, recordJson } from '../../src/audit/record-json.ts'
import { auditRecordSchema } from '../../src/audit/record-schema.ts'
import { recordOf, whoIs } from '../../src/audit/record.ts'
import { decided, epoch, facts, jane, robot } from './support.ts'

const link = { writer: 'w', seq: 1, prev: '' }
const written = (event: AuditEvent): Record<string, unknown> => JSON.parse(JSON.stringify(recordOf(event, link, epoch)))

const allow = { effect: 'allow', rule: 'everything', upstream: 'backstage' } as const
const caused = { facts, principal: jane }
const answer = { status: 200, durationMs: 2 }
const everyEvent: AuditEvent[] = [
  decided,
  { ...caused, event: 'admin-action', phase: 'begun', class: 'catalog-write', decision: allow },
  { ...caused, event: 'admin-action', phase: 'answered', class: 'catalog-write', decision: allow, ...answer },
  { ...caused, event: 'admin-action', phase: 'answered', class: 'admin', ...answer, status: 500 },
  { ...caused, event: 'login' },
  { ...caused, event: 'login-refused', reason: 'STAGEDOOR_OIDC_STATE_MISMATCH' },
  { ...caused, event: 'access-refused', reason: 'expired' },
  { ...caused, event: 'step-up' },
  { ...caused, event: 'logout' },
  { principal: jane, event: 'refresh-failed', reason: 'invalid_grant' },
  { ...caused, event: 'revocation', channel: 'admin', target: { subject: 'auth0|max', organization: 'org_1' } },
  {
    ...caused,
    event: 'revocation',
    channel: 'admin',
    target: { session: 's' },
    reason: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE',
  },
  { event: 'key', change: { what: 'audit', action: 'rotated', id: 'kid', jwk: { x: '1', kty: 'EC' } } },
  { event: 'secret', change: { what: 'session', action: 'changed' } },
  { event: 'config', change: { what: 'configuration', action: 'changed' } },
  {
    event: 'config',
    change: { what: 'configuration', action: 'changed', id: 'digest', options: ['session.idleTimeout'] },
  },
  { event: 'config', change: { what: 'configuration', action: 'refused', options: ['a.yaml:3 (routes)'] } },
  {
    event: 'start',
    process: { version: '1', secrets: 's', pid: 1, key: 'k', config: 'c' },
    previous: [{ writer: 'v', seq: 7, hash: 'h' }],
  },
  { event: 'stop' },
  { event: 'checkpoint', checkpoint: 'a.b.c' },
]

t.test('a record has the principal, action, place, time and decision', async (t) => {
  t.same(written(decided), {
    v: 1,
    writer: 'w',
    seq: 1,
    prev: '',
    time: epoch,
    event: 'decision',
    request_id: 'r-1',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    client_ip: '203.0.113.9',
    principal: {
      kind: 'user',
      issuer: 'https://t/',
      subject: 'auth0|jane',
      name: 'Jane Doe',
      organization: 'org_1',
      roles: ['sre'],
      session: 'ref',
    },
    method: 'GET',
    host: 'portal.example.com',
    path: '/catalog',
    outcome: 'allow',
    rule: 'everything',
    upstream: 'backstage',
    status: 200,
    duration_ms: 1.5,
  })
})

for (const event of everyEvent) {
  const phase = 'phase' in event ? ` ${event.phase}` : ''
  t.test(`a record of ${event.event}${phase} matches the published schema and is canonical JSON`, async (t) => {
    const record = written(event)
    t.equal(auditRecordSchema.safeParse({ ...record, hash: 'h' }).error?.message, undefined)
    t.equal(recordJson(event, link, epoch), canonicalJson(record))
  })
}

t.test('a refusal has its reason, and its rule if one decided', async (t) => {
  const byRule = { effect: 'deny', reason: 'role-missing', rule: 'admin' } as const
  t.match(written({ ...decided, decision: byRule } as AuditEvent), {
    outcome: 'deny',
    reason: 'role-missing',
    rule: 'admin',
  })
  const byNone = { ...decided, decision: { effect: 'deny', reason: 'no-rule' } } as AuditEvent
  t.notOk('rule' in written(byNone))
})

t.test('refused logins, refused configurations and actions answered with an error are not successes', async (t) => {
  const outcomes = everyEvent.map((event) => [event.event, written(event)['outcome']])
  t.same(
    outcomes.filter(([, outcome]) => outcome === 'deny').map(([event]) => event),
    ['admin-action', 'login-refused', 'access-refused', 'refresh-failed', 'revocation', 'config'],
  )
})

t.test('a record has neither query nor e-mail address, and masks secrets in client input', async (t) => {
  const path = '/reset/token=s3cr3t'
  const event = { ...decided, facts: { ...facts, path, host: 'jane@mail.example.com' } } as AuditEvent
  const record = written(event)
  t.notMatch(JSON.stringify(record), /secret|s3cr3t|jane@example/)
  t.match(record, { path: '/reset/token=[redacted]', host: '[redacted]' })
})

t.test('each kind of principal is described by its own members', async (t) => {
  t.same(whoIs({ kind: 'anonymous' }), { kind: 'anonymous' })
  t.same(JSON.parse(JSON.stringify(whoIs(robot))), {
    kind: 'machine',
    issuer: 'https://t/',
    subject: 'client@clients',
    client: 'client',
  })
  t.same(whoIs({ kind: 'backstage', issuer: 'https://p', subject: 'user:default/jane' }), {
    kind: 'backstage',
    issuer: 'https://p',
    subject: 'user:default/jane',
  })
  const nameless = { ...jane, claims: { ...jane.claims, name: 'jane@example.com', roles: [] } }
  t.same(JSON.parse(JSON.stringify(whoIs(nameless))), {
    kind: 'user',
    issuer: 'https://t/',
    subject: 'auth0|jane',
    organization: 'org_1',
    session: 'ref',
  })
})

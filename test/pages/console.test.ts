import t from 'tap'

import type { AuditEvent } from '../../src/audit/event.ts'
import { createRecentRecords } from '../../src/audit/recent.ts'
import type { AuditRecord } from '../../src/audit/record-schema.ts'
import { pageOf } from '../../src/endpoints/admin/sessions.ts'
import { auditPage } from '../../src/pages/console/audit.ts'
import { decisionsPage } from '../../src/pages/console/decisions.ts'
import { configurationPage, overviewPage } from '../../src/pages/console/overview.ts'
import { recordTable } from '../../src/pages/console/records.ts'
import { sessionsPage } from '../../src/pages/console/sessions.ts'

const attack = `"><script>alert('x')</script>&`
const time = '2026-01-01T00:00:00.000Z'
const record = (members: Partial<AuditRecord>): AuditRecord => ({
  v: 1,
  event: 'decision',
  outcome: 'allow',
  time,
  writer: 'w',
  seq: 1,
  prev: '',
  hash: '',
  ...members,
})

t.test('records of every kind are shown as text in the table', async (t) => {
  const { markup } = recordTable(
    [
      record({
        principal: { kind: 'user', name: attack },
        path: attack,
        method: attack,
        rule: attack,
        request_id: attack,
      }),
      record({ event: 'revocation', channel: attack, target: { subject: attack } }),
      record({ event: 'revocation', target: { subject: attack } }),
      record({ event: 'key', change: { what: attack, action: 'rotated' }, class: attack }),
      record({
        principal: { kind: 'user', subject: attack },
        outcome: 'deny',
        reason: attack,
        status: 403,
        duration_ms: 1.4,
      }),
      record({ principal: { kind: 'machine', client: attack } }),
      record({ principal: { kind: 'anonymous' } }),
    ],
    '/admin',
  )
  t.notMatch(markup, '<script')
  t.match(markup, '403 · 1 ms')
  t.match(recordTable([], '/admin').markup, 'No record matches')
})

t.test('the last records are found by person, path, request, outcome and event', async (t) => {
  const recent = createRecentRecords(() => 0, 3)
  t.equal(recent.last(), undefined)
  const records = [
    record({ seq: 1 }),
    record({ seq: 2, principal: { kind: 'user', subject: 'auth0|jane', name: 'Jane' } }),
    record({ seq: 3, principal: { kind: 'machine', client: 'robot' }, outcome: 'deny' }),
    record({ seq: 4, path: '/Catalog', request_id: 'r-4', event: 'login' }),
  ]
  recent.sink.take(records.map((each) => JSON.stringify(each)))
  const seqs = (filter: object, limit = 10) => recent.list(filter, limit).map(({ seq }) => seq)
  t.same(seqs({}), [4, 3, 2], 'no more than it may keep')
  t.same(seqs({}, 1), [4])
  t.same(seqs({ text: 'JANE' }), [2])
  t.same(seqs({ text: 'robot' }), [3])
  t.same(seqs({ text: '/catalog' }), [4])
  t.same(seqs({ text: 'r-4' }), [4])
  t.same(seqs({ outcome: 'deny' }), [3])
  t.same(seqs({ event: 'login' }), [4])
  recent.sink.take(Array.from({ length: 5 }, (_, i) => JSON.stringify(record({ seq: 5 + i }))))
  t.same(seqs({}), [9, 8, 7])
  t.match(recent.last(), '"seq":9')
  await recent.sink.settled()
  t.same(recent.sink.status(), { waiting: 0, lost: 0 })
  await recent.sink.close()
})

t.test('the filter of the records keeps its selection', async (t) => {
  const chosen = (filter: object) => [
    ...decisionsPage([], filter, '/admin').body.markup.matchAll(/"([a-z]*)" selected/g),
  ]
  t.match(chosen({ outcome: 'deny' }), [{ 1: 'deny' }])
  t.match(chosen({}), [{ 1: '' }])
})

t.test('degraded conditions are marked with their reason', async (t) => {
  const conditions = [
    { name: 'sessions', status: 'ok' },
    { name: 'audit', status: 'degraded', reason: 'the disk is full' },
  ] as const
  const { body } = overviewPage({ conditions, records: [], sessionCount: 0, minutes: [] }, '/admin')
  const [well = '', unwell = ''] = body.markup.split('<li>').slice(1)
  t.match(well, /icon good.*✓[^]*sessions<\/strong> ok/)
  t.match(unwell, /icon bad.*![^]*audit<\/strong> degraded[^]*the disk is full/)
})

t.test('each minute of the last half hour has its counts, for any number of records', async (t) => {
  let now = Date.parse(time)
  const recent = createRecentRecords(() => now, 3)
  const count = (...events: AuditEvent[]) => events.forEach((event) => recent.count(event, now))
  const allow = { effect: 'allow', rule: 'everything', upstream: 'backstage' } as const
  const decided = (durationMs: number): AuditEvent => ({ event: 'decision', decision: allow, status: 200, durationMs })
  const refused = { effect: 'deny', reason: 'role-missing' } as const
  count(...Array.from({ length: 100 }, (_, i) => decided(i < 95 ? 10 : 60_000)))
  count({ event: 'decision', decision: refused, status: 403, durationMs: 0 }, { event: 'login' }, { event: 'logout' })
  count(
    { event: 'admin-action', phase: 'begun', class: 'delete' },
    { event: 'admin-action', phase: 'answered', class: 'delete', status: 200, durationMs: 1 },
  )
  now += 60_000
  count({ event: 'logout' })
  const minutes = recent.minutes()
  t.equal(minutes.length, 30)
  t.same(minutes.at(-2), { requests: 102, refusals: 1, logins: 1, p95Ms: 11 })
  t.same(minutes.at(-1), { requests: 0, refusals: 0, logins: 0, p95Ms: 0 })
  const { markup } = overviewPage({ conditions: [], records: [], sessionCount: 0, minutes }, '/admin').body
  for (const text of ['Requests</strong> 102', 'Refused</strong> 1', 'Logins</strong> 1', 'within</strong> 11 ms'])
    t.match(markup, text)
  now += 30 * 60_000
  count(decided(7_200_000))
  t.match(recent.minutes().slice(-2), [{ requests: 0 }, { requests: 1, p95Ms: 2 ** 22 }], 'an hour and more are one')
  now -= 31 * 60_000
  t.match(recent.minutes().at(-1), { requests: 0 }, 'what is older is forgotten')
})

t.test('fifty thousand sessions are shown in pages of fifty and searchable by their columns', async (t) => {
  const sessions = Array.from({ length: 50_000 }, (_, i) => ({
    id: `s${i}`,
    issuer: 'i',
    subject: `auth0|${i}`,
    ...(i === 7 ? { email: 'Seven@example.com', organization: 'org_1' } : {}),
    createdAt: 0,
    usedAt: 0,
  }))
  const first = pageOf(sessions, {})
  t.match(first, { total: 50_000, offset: 0 })
  t.equal(first.sessions.length, 50)
  t.match(sessionsPage(first, '/admin').body.markup, 'Older')
  t.notMatch(sessionsPage(first, '/admin').body.markup, 'Newer')
  t.match(sessionsPage(pageOf(sessions, { offset: '49990' }), '/admin').body.markup, 'Newer')
  t.match(pageOf(sessions, { text: 'seven@' }), { total: 1, sessions: [{ id: 's7' }] })
  t.match(pageOf(sessions, { text: 'org_1', offset: '-1', ended: '1' }), { total: 1, offset: 0, notice: /ended/ })
  t.match(pageOf(sessions, { text: 'nobody', offset: 'x' }), { total: 0 })
})

t.test('the state of the trail is shown with its faults, notes and omissions', async (t) => {
  const verdict = { records: 3, repeats: 0, writers: 2, checkpoints: 1, faults: [], notes: [] }
  const examination = { records: [], found: 0, verdict, files: ['a.jsonl'], leftOut: [] }
  const whole = auditPage({}, examination, '/admin').body.markup
  t.match(whole, /role="status"[^]*The trail is whole: 3 records of 2 writers, 1 signed checkpoint\b(?!s)/)
  t.match(auditPage({}, { ...examination, verdict: { ...verdict, writers: 1 } }, '/admin').body.markup, 'of 1 writer,')
  const faults = Array.from({ length: 22 }, () => ({ place: attack, text: attack }))
  const broken = {
    ...examination,
    found: 9,
    verdict: { ...verdict, faults, notes: [attack] },
    leftOut: [attack],
    files: [attack],
  }
  const question = { person: attack, event: attack, class: attack, outcome: 'deny', since: attack, until: attack }
  const markup = auditPage(question, broken, '/admin').body.markup
  t.match(markup, /role="alert"[^]*not whole: 22 faults[^]*and 2 more[^]*9 found; these are the last 0/)
  t.match(markup, '"deny" selected')
  t.notMatch(markup, '<script')
  const one = { ...examination, verdict: { ...verdict, faults: faults.slice(0, 1) } }
  t.match(auditPage({}, one, '/admin').body.markup, 'not whole: 1 fault in')
  t.match(auditPage({}, undefined, '/admin').body.markup, 'The trail is not in a file')
})

t.test('a configured option is marked against a default, and shown as text', async (t) => {
  const options = [
    { option: attack, value: attack, from: attack },
    { option: 'log.level', value: 'info', from: 'default' },
  ]
  const { markup } = configurationPage(options, '/admin').body
  t.match(markup, /<strong>.*&#60;script[^]*<td>info<\/td>\s*<td class="soft">default/)
  t.notMatch(markup, '<script')
})

import t from 'tap'

import { formatMark, type Mark, markOf, parseMark, type Revocation } from '../../src/revocation/mark.ts'
import { createMarks } from '../../src/revocation/marks.ts'
import { sessionOf } from '../support/sessions.ts'

const issuer = 'https://tenant.example/'
const subject = 'auth0|jane'
const start = 1_000_000
const until = start + 600_000
const claims = { roles: [], groups: [], permissions: [], org_id: 'org_1' }
const jane = sessionOf({ id: 'ref', providerSessionId: 'sid-1', claims, createdAt: start, refreshedAt: start })

const rows: [string, Revocation, number][] = [
  ['the session itself', { sessionId: 'ref' }, 0],
  ['the session itself, a little later', { sessionId: 'ref', from: start + 5 }, start + 5],
  ['another session', { sessionId: 'other' }, Infinity],
  ['its session at the login service', { issuer, sid: 'sid-1', createdBefore: start + 1 }, 0],
  ['its session at the login service, before it began', { issuer, sid: 'sid-1', createdBefore: start }, Infinity],
  ['another session at the login service', { issuer, sid: 'sid-2', createdBefore: start + 1 }, Infinity],
  [
    'the same name at another login service',
    { issuer: 'https://other.example/', sid: 'sid-1', createdBefore: start + 1 },
    Infinity,
  ],
  ['the user, after the session began', { issuer, subject, createdBefore: start + 1 }, 0],
  ['the user, before the session began', { issuer, subject, createdBefore: start }, Infinity],
  ['another user', { issuer, subject: 'auth0|max', createdBefore: start + 1 }, Infinity],
  ['the membership it is for', { issuer, subject, createdBefore: start + 1, organization: 'org_1' }, 0],
  ['another membership', { issuer, subject, createdBefore: start + 1, organization: 'org_2' }, Infinity],
  ['its organization', { issuer, organization: 'org_1', createdBefore: start + 1 }, 0],
  ['its organization, before it began', { issuer, organization: 'org_1', createdBefore: start }, Infinity],
  ['another organization', { issuer, organization: 'org_2', createdBefore: start + 1 }, Infinity],
  ['claims only', { issuer, subject, claimsBefore: start + 1 }, Infinity],
]

for (const [what, revocation, end] of rows) {
  t.test(`revoking ${what} ends the session ${end === Infinity ? 'never' : `at ${end}`}`, async (t) => {
    const marks = createMarks(() => start)
    t.equal(marks.endOf(jane), Infinity)
    t.ok(marks.apply(markOf(revocation, until)))
    t.equal(marks.endOf(jane), end)
  })
}

t.test('revoking a user ends a session that began while the clock was ahead, and outdates its claims', async (t) => {
  const tolerated = sessionOf({ ...jane, createdAt: start + 60_000, refreshedAt: start + 60_000 })
  const ahead = sessionOf({ ...jane, createdAt: start + 60_001, refreshedAt: start + 60_001 })
  const marks = createMarks(() => start)
  marks.apply(markOf({ issuer, subject, createdBefore: start - 5 }, until))
  marks.apply(markOf({ issuer, subject, claimsBefore: start - 5 }, until))
  t.equal(marks.endOf(tolerated), Infinity)
  t.equal(marks.endOf(ahead), 0)
  t.notOk(marks.isOutdated(tolerated))
  t.ok(marks.isOutdated(ahead))
})

t.test('a session without a provider session or an organization is not ended by either kind of mark', async (t) => {
  const { providerSessionId: _gone, ...rest } = sessionOf({ id: 'bare' })
  const marks = createMarks(() => start)
  marks.apply(markOf({ issuer, sid: 'undefined', createdBefore: Infinity }, until))
  t.equal(marks.endOf(rest), Infinity)
})

t.test('claims older than a mark are outdated, and newer ones are not', async (t) => {
  const marks = createMarks(() => start)
  t.notOk(marks.isOutdated(jane))
  marks.apply(markOf({ issuer, subject, claimsBefore: start + 1 }, until))
  t.ok(marks.isOutdated(jane))
  t.notOk(marks.isOutdated({ ...jane, refreshedAt: start + 1 }))
})

t.test('a session revoked by id counts as ended from the given time', async (t) => {
  let now = start
  const marks = createMarks(() => now)
  marks.apply(markOf({ sessionId: 'ref', from: start + 10 }, until))
  t.notOk(marks.hasEnded('ref'))
  now += 10
  t.ok(marks.hasEnded('ref'))
  t.notOk(marks.hasEnded('other'))
})

t.test('of two marks for one target the stricter counts, and a redundant mark is not published', async (t) => {
  const marks = createMarks(() => start)
  const later: Mark = markOf({ sessionId: 'ref', from: start + 50 }, until)
  t.ok(marks.apply(later))
  t.notOk(marks.apply(later))
  t.ok(marks.apply(markOf({ sessionId: 'ref' }, until)))
  t.notOk(marks.apply(later), 'an end that has come is not put off')
  t.equal(marks.endOf(jane), 0)
  marks.apply(markOf({ issuer, subject, createdBefore: start + 9 }, until))
  t.notOk(marks.apply(markOf({ issuer, subject, createdBefore: start + 3 }, until)))
})

t.test('a mark is dropped when all sessions that it covers have expired', async (t) => {
  let now = start
  const marks = createMarks(() => now)
  marks.apply(markOf({ sessionId: 'ref' }, until))
  now = until - 1
  t.equal(marks.endOf(jane), 0)
  t.equal(marks.all().length, 1)
  now = until
  t.equal(marks.endOf(jane), Infinity)
  t.same(marks.all(), [])
})

t.test('past the limit expired marks are dropped first, then the oldest, which is reported', async (t) => {
  let now = start
  let overflows = 0
  const marks = createMarks(
    () => now,
    () => void overflows++,
    2,
  )
  const mark = (sessionId: string, expires: number) => marks.apply(markOf({ sessionId }, expires))
  mark('a', start + 1)
  mark('b', until)
  now = start + 1
  mark('c', until)
  t.same([overflows, marks.size], [0, 2])
  mark('d', until)
  t.same([overflows, marks.size], [1, 2])
  t.same(
    ['b', 'c', 'd'].map((id) => marks.hasEnded(id)),
    [false, true, true],
  )
})

t.test('past the limit the oldest mark of the most frequent kind is dropped, with or without a reporter', async (t) => {
  const marks = createMarks(() => start, undefined, 3)
  marks.apply(markOf({ sessionId: 'ref' }, until))
  marks.apply(markOf({ issuer, subject, claimsBefore: start + 1 }, until))
  marks.apply(markOf({ issuer, subject: 'auth0|max', claimsBefore: start + 1 }, until))
  marks.apply(markOf({ issuer, subject: 'auth0|eve', claimsBefore: start + 1 }, until))
  t.equal(marks.size, 3)
  t.ok(marks.hasEnded('ref'))
  t.same(
    [subject, 'auth0|max', 'auth0|eve'].map((name) => marks.isOutdated({ ...jane, subject: name })),
    [false, true, true],
  )
})

t.test('a mark survives the round trip, and hides session and user', async (t) => {
  for (const [, revocation] of rows) {
    const mark = markOf(revocation, until)
    const text = formatMark(mark)
    t.same(parseMark(text, until), mark)
    t.notMatch(text, /ref|jane|tenant|org_/)
  }
  t.equal(parseMark('session short 0', until), undefined)
  t.equal(parseMark(`novelty ${'x'.repeat(43)} 0`, until), undefined)
  t.equal(parseMark(`session ${'x'.repeat(43)} 0`, NaN), undefined)
})

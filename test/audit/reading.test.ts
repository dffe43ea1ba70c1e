import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { csvHead, csvLine } from '../../src/audit/csv.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { fits, momentIn, type RecordFilter } from '../../src/audit/filter.ts'
import { recordIn } from '../../src/audit/lines.ts'
import type { AuditRecord } from '../../src/audit/record-schema.ts'
import { decided, epoch, facts, jane, robot } from './support.ts'

const recordOf = (event: AuditEvent, at = epoch): AuditRecord =>
  recordIn(createChain('w').append(event, at)) as AuditRecord

const answered = { phase: 'answered', status: 204, durationMs: 1 } as const
const unregistered: AuditEvent = { event: 'admin-action', class: 'catalog-write', facts, principal: jane, ...answered }
const record = recordOf(unregistered, '2026-01-31T12:00:00.000Z')
const noon = Date.parse('2026-01-31T12:00:00Z')

const table: [filter: RecordFilter, expected: boolean][] = [
  [{}, true],
  [{ class: 'catalog-write' }, true],
  [{ class: 'delete' }, false],
  [{ event: 'login' }, false],
  [{ outcome: 'deny' }, false],
  [{ since: noon, until: noon }, true],
  [{ since: noon + 1 }, false],
  [{ until: noon - 1 }, false],
  [{ person: 'auth0|jane' }, true],
  [{ person: 'jane d' }, true],
  [{ person: 'ref' }, true],
  [{ person: 'max' }, false],
]

for (const [filter, expected] of table) {
  t.test(`${JSON.stringify(filter)} ${expected ? 'fits' : 'does not fit'}`, async (t) =>
    t.equal(fits(record, filter), expected),
  )
}

t.test('a search finds records by the person whose sessions were ended, and no record without a person', async (t) => {
  const ended = recordOf({ event: 'revocation', channel: 'admin', target: { subject: 'auth0|max' } })
  t.ok(fits(ended, { person: 'auth0|max' }))
  t.notOk(fits(recordOf({ event: 'stop' }), { person: 'auth0|max' }))
  t.ok(fits(recordOf({ ...decided, principal: robot }), { person: 'client' }))
})

t.test('a moment is a time, a date or a duration before now', async (t) => {
  t.equal(momentIn('2026-01-31T12:00:00Z', 0), noon)
  t.equal(momentIn('2026-01-31', 0), Date.parse('2026-01-31'))
  t.equal(momentIn('24h', noon), noon - 86_400_000)
  t.equal(momentIn('2026-01-31', 0, 'end'), Date.parse('2026-01-31T23:59:59.999Z'), 'a date is a whole day')
  t.equal(momentIn('2026-01-31T12:00:00Z', 0, 'end'), noon)
  t.equal(momentIn('2026-01-31T13:00+01:00', 0), noon)
  t.equal(momentIn('2026-01-31T12:00', 0), undefined, 'without a zone it is another moment on every machine')
  t.equal(momentIn('2026-01-31 (noon)', 0), undefined)
  t.equal(momentIn('2026-99-99', 0), undefined)
  t.equal(momentIn('2026-02-31', 0), undefined, 'no calendar has the day')
  t.equal(momentIn('2025-02-29T12:00:00Z', 0), undefined)
  t.equal(momentIn('2028-02-29T23:00:00-02:00', 0), Date.parse('2028-03-01T01:00:00Z'))
  t.equal(momentIn('2026-01-31T25:00:00Z', 0), undefined)
  t.equal(momentIn('tomorrow', 0), undefined)
})

t.test('CSV has one field per column and no formulas that a spreadsheet would run', async (t) => {
  const path = '/a,"b"'
  const name = '=HYPERLINK("x")'
  const principal = { ...jane, claims: { ...jane.claims, name } }
  const line = csvLine(recordOf({ ...unregistered, facts: { ...facts, path }, principal }))
  t.match(line, `,"/a,""b""",`)
  t.match(line, `,"'=HYPERLINK(""x"")",`)
  t.match(csvHead, /^time,event,phase,class,outcome,.*\r\n$/)
  const ended = recordOf({ event: 'revocation', channel: 'admin', target: { subject: 'auth0|max' } })
  t.match(csvLine(ended), /"\{""subject"":""auth0\|max""\}"/)
  t.match(csvLine(recordOf({ event: 'secret', change: { what: 'session', action: 'changed' } })), ',session changed,')
  const change = {
    what: 'configuration',
    action: 'changed',
    id: 'd1',
    options: ['routes.admin', 'session.idleTimeout'],
  }
  t.match(
    csvLine(recordOf({ event: 'config', change })),
    ',"configuration changed d1 routes.admin, session.idleTimeout",',
  )
  t.equal(csvLine(record).split(',').length, csvHead.split(',').length)
})

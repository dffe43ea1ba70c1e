import t from 'tap'

import { createEventStreamParser } from '../../src/auth0-events/event-stream.ts'
import { parseEvent, revocationsFor } from '../../src/auth0-events/event.ts'

const issuer = 'https://tenant.eu.auth0.com/'
const time = '2026-11-23T12:00:00.000Z'
const at = Date.parse(time)
const now = at + 500
const subject = 'auth0|jane'
const user = { user_id: subject }
const organization = { id: 'org_1' }
const group = { id: 'grp_1', type: 'tenant' }
const ended = { issuer, subject, createdBefore: now + 1 }
const outdated = { issuer, subject, claimsBefore: now }

const rows: [string, object, object[]][] = [
  ['user.updated', { ...user, blocked: true }, [ended]],
  ['user.updated', { ...user, blocked: false }, [outdated]],
  ['user.updated', user, [outdated]],
  ['user.deleted', user, [ended]],
  ['organization.member.deleted', { organization, user }, [{ ...ended, organization: 'org_1' }, outdated]],
  ['organization.member.role.assigned', { organization, user, role: { id: 'rol_1' } }, [outdated]],
  ['organization.member.role.deleted', { organization, user, role: { id: 'rol_1' } }, [outdated]],
  ['user.created', user, []],
  ['group.member.added', { group, member: { member_type: 'user', id: subject } }, [outdated]],
  ['group.member.deleted', { group, member: { member_type: 'user', id: subject } }, [outdated]],
  ['group.member.deleted', { group, member: { member_type: 'group', id: 'grp_2' } }, []],
  ['group.role.deleted', { group, role: { id: 'rol_1' } }, []],
  ['organization.deleted', organization, [{ issuer, organization: 'org_1', createdBefore: now + 1 }]],
  ['organization.deleted', {}, []],
  ['user.deleted', {}, []],
]
for (const [type, object, expected] of rows) {
  t.test(`${type} of ${JSON.stringify(object)} revokes ${JSON.stringify(expected)}`, async (t) => {
    const event = parseEvent({ id: 'evt_1', type, time, data: { object } })
    t.ok(event)
    t.same(event && revocationsFor(event, issuer, now), expected)
  })
}

t.test('a late event ends no session that began well after it', async (t) => {
  const event = { id: 'evt_1', type: 'user.deleted', time: at, object: user }
  t.match(revocationsFor(event, issuer, at + 3_600_000), [{ createdBefore: at + 60_000 }])
})

t.test('a payload that is no event is ignored', async (t) => {
  const whole = { id: 'evt_1', type: 'user.deleted', time, data: { object: user } }
  for (const wrong of [undefined, 'x', [], { ...whole, id: 1 }, { ...whole, time: 'soon' }, { ...whole, type: null }]) {
    t.equal(parseEvent(wrong), undefined)
  }
  t.match(parseEvent({ ...whole, data: 'x' }), { object: {} })
})

t.test('an event stream is read in any pieces', async (t) => {
  const text =
    ':hello\n\nretry: 2000\n\nevent: a\nid: 1\ndata: {"x":\ndata: 1}\n\nid: 2\r\ndata:plain\r\n\r\ndata\n\nevent: cut\ndata: off'
  const expected = [
    { type: 'a', id: '1', data: '{"x":\n1}' },
    { type: 'message', id: '2', data: 'plain' },
    { type: 'message', id: undefined, data: '' },
  ]
  t.same(createEventStreamParser()(text), expected)
  for (const size of [1, 2, 7]) {
    const parse = createEventStreamParser()
    const messages = (text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).flatMap((piece) => parse(piece))
    t.same(messages, expected)
  }
})

t.test('characters that end a line in JavaScript but not in an event stream are content', async (t) => {
  const data = JSON.stringify({ nickname: 'a\u2028b\u2029c' })
  t.same(createEventStreamParser()(`data: ${data}\n\n`), [{ type: 'message', id: undefined, data }])
})

t.test('a message without an end is refused', async (t) => {
  const parse = createEventStreamParser()
  t.throws(() => parse('x'.repeat(1_048_577)), RangeError)
})

import t from 'tap'

import { createSeenSessions } from '../../src/revocation/seen-sessions.ts'
import { sessionOf } from '../support/sessions.ts'

const none = { roles: [], groups: [], permissions: [] }
const jane = sessionOf({
  id: 'jane',
  claims: { ...none, roles: ['admin'], email: 'jane@example.com', org_id: 'org_1' },
  createdAt: 1,
  usedAt: 10,
})
const { providerSessionId: _sid, ...rest } = sessionOf({ id: 'max', subject: 'auth0|max', claims: none, createdAt: 2 })
const max = { ...rest, usedAt: 20 }

function seen(isLive: (session: { id: string }) => boolean = () => true) {
  const sessions = createSeenSessions(isLive, 0)
  sessions.note(jane)
  sessions.note(max)
  return sessions
}

t.test('a session is listed with its known data and without secrets', async (t) => {
  const { issuer } = jane
  t.same(seen().list({}), [
    { id: 'max', issuer, subject: 'auth0|max', createdAt: 2, usedAt: 20 },
    {
      id: 'jane',
      issuer,
      subject: 'auth0|jane',
      email: 'jane@example.com',
      organization: 'org_1',
      sid: 'sid-1',
      createdAt: 1,
      usedAt: 10,
    },
  ])
})

const rows: [string, { session?: string; subject?: string }, string[]][] = [
  ['all', {}, ['max', 'jane']],
  ['a user', { subject: 'auth0|jane' }, ['jane']],
  ['a user who was not seen', { subject: 'auth0|eve' }, []],
  ['a session', { session: 'jane' }, ['jane']],
  ['a session that was not seen', { session: 'eve' }, []],
  ['a session of a user', { session: 'jane', subject: 'auth0|jane' }, ['jane']],
  ['a session of another user', { session: 'jane', subject: 'auth0|max' }, []],
]
for (const [what, filter, expected] of rows) {
  t.test(`a query for ${what} gives ${expected.join(' before ') || 'nothing'}`, async (t) => {
    const ids = seen()
      .list(filter)
      .map(({ id }) => id)
    t.same(ids, expected)
  })
}

t.test('an ended session is never listed, even by name', async (t) => {
  const sessions = seen(({ id }) => id !== 'jane')
  t.same(sessions.list({ session: 'jane' }), [])
  t.match(sessions.list({}), [{ id: 'max' }])
})

t.test('a later use of a session replaces the earlier one', async (t) => {
  const sessions = seen()
  sessions.note({ ...jane, usedAt: 30 })
  t.match(sessions.list({}), [{ id: 'jane', usedAt: 30 }, { id: 'max' }])
})

import t from 'tap'

import { filterIn, listed, revocationIn } from '../../../src/endpoints/admin/sessions.ts'

const issuer = 'https://tenant.example/'
const now = 1_000_000
const createdBefore = now + 1
const refused = { code: 'STAGEDOOR_ADMIN_BAD_REQUEST' }

const named: [object, object][] = [
  [{ session: 'ref' }, { revocation: { sessionId: 'ref' }, target: { session: 'ref' } }],
  [{ sid: 'sid-1' }, { revocation: { issuer, sid: 'sid-1', createdBefore }, target: { sid: 'sid-1' } }],
  [
    { subject: 'auth0|jane' },
    { revocation: { issuer, subject: 'auth0|jane', createdBefore }, target: { subject: 'auth0|jane' } },
  ],
]
for (const [body, expected] of named) {
  t.test(`${JSON.stringify(body)} selects sessions that began up to now`, async (t) => {
    t.same(revocationIn(body, issuer, now), expected)
  })
}

const unnamed: [string, unknown][] = [
  ['nothing at all', undefined],
  ['no object', 'session=ref'],
  ['null', null],
  ['an object without a name', { other: 'x' }],
  ['a session and a user', { session: 'ref', subject: 'auth0|jane' }],
  ['a session and a session at the login service', { session: 'ref', sid: 'sid-1' }],
  ['a user and a session at the login service', { subject: 'auth0|jane', sid: 'sid-1' }],
]
for (const [what, body] of unnamed) {
  t.test(`a request that names ${what} ends no session`, async (t) => {
    t.throws(() => revocationIn(body, issuer, now), {
      ...refused,
      publicDetail: 'exactly one of session, subject and sid has to be named',
    })
  })
}

t.test('a name has 1 to 512 characters', async (t) => {
  t.match(revocationIn({ sid: 'x'.repeat(512) }, issuer, now), { target: { sid: 'x'.repeat(512) } })
  for (const wrong of ['', 'x'.repeat(513), 1, null, ['ref']]) {
    t.throws(() => revocationIn({ sid: wrong }, issuer, now), { ...refused, publicDetail: 'sid is not a name' })
    t.throws(() => filterIn({ subject: wrong }), { ...refused, publicDetail: 'subject is not a name' })
  }
})

t.test('a list can be requested for one session, for one user, for both or for all', async (t) => {
  for (const filter of [{ session: 'ref' }, { subject: 'auth0|jane' }, { session: 'ref', subject: 'auth0|jane' }, {}]) {
    t.same(filterIn({ ...filter, other: 'x' }), filter)
  }
  t.same(filterIn(undefined), {})
})

t.test('times are listed in the format of RFC 3339', async (t) => {
  t.same(listed({ id: 'ref', issuer, subject: 'auth0|jane', createdAt: 0, usedAt: 60_000 }), {
    id: 'ref',
    issuer,
    subject: 'auth0|jane',
    signed_in_at: '1970-01-01T00:00:00.000Z',
    used_at: '1970-01-01T00:01:00.000Z',
  })
})

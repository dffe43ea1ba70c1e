import t from 'tap'

import { principalOf } from '../../src/identity/principal.ts'
import type { Session } from '../../src/session/session.ts'

const session: Session = {
  id: 'ref',
  issuer: 'https://t/',
  subject: 'auth0|j',
  claims: { roles: ['admin'], groups: [], permissions: [] },
  amr: ['mfa'],
  authTimeSeconds: 9,
  refreshToken: 'secret',
  createdAt: 1,
  refreshedAt: 1,
  usedAt: 1,
}

t.test('without a session the caller is anonymous', async (t) => {
  t.same(principalOf(undefined), { kind: 'anonymous' })
})

t.test('a session gives a principal for its user, without its tokens', async (t) => {
  t.same(principalOf(session), {
    kind: 'user',
    issuer: 'https://t/',
    subject: 'auth0|j',
    sessionId: 'ref',
    claims: session.claims,
    amr: ['mfa'],
    authTimeSeconds: 9,
  })
  const { authTimeSeconds: _, ...silent } = session
  t.notOk('authTimeSeconds' in principalOf(silent))
})

t.test('one session gives one principal', async (t) => {
  t.equal(principalOf(session), principalOf(session))
  t.not(principalOf(session), principalOf({ ...session }))
})

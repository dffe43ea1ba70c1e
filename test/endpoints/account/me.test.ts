import t from 'tap'

import { me } from '../../../src/endpoints/account/me.ts'

t.test('/me shows a person their identity and the end of the session, and never a token', async (t) => {
  const claims = { email: 'jane@example.com', roles: ['admin'], groups: [], permissions: [] }
  const user = { kind: 'user', issuer: 'https://t/', subject: 'auth0|jane', sessionId: 'ref', claims, amr: [] } as const
  const session = {
    id: 'ref',
    issuer: 'https://t/',
    subject: 'auth0|jane',
    claims,
    amr: [],
    refreshToken: 'secret',
    createdAt: 0,
    refreshedAt: 0,
    usedAt: 0,
  }
  t.same(me(user, session, { idleTimeoutMs: 1_000, absoluteTimeoutMs: 60_000 }), {
    kind: 'user',
    sub: 'auth0|jane',
    email: 'jane@example.com',
    roles: ['admin'],
    groups: [],
    permissions: [],
    session: {
      id: 'ref',
      signed_in_at: '1970-01-01T00:00:00.000Z',
      expires_at: '1970-01-01T00:00:01.000Z',
      expires_at_latest: '1970-01-01T00:01:00.000Z',
    },
  })
})

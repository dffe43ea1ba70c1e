import t from 'tap'

import { ownSessions } from '../../../src/endpoints/account/own-sessions.ts'
import type { Session } from '../../../src/session/session.ts'

const session = { id: 'this', issuer: 'https://t/', subject: 'auth0|jane' } as Session
const seenOf = (id: string, issuer = 'https://t/') => ({ id, issuer, subject: 'auth0|jane', createdAt: 0, usedAt: 0 })

t.test('ending a session that other replicas do not know of yet gives a 503, not a silent success', async (t) => {
  const own = ownSessions({
    seen: { list: () => [seenOf('this'), seenOf('other')] },
    revocations: { revoke: () => Promise.reject(new Error('Redis is away')) },
  })
  await t.rejects(own.end(session, { session: 'other' }), { code: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE' })
})

t.test('the same id at another login service identifies another person', async (t) => {
  const revoked: unknown[] = []
  const own = ownSessions({
    seen: { list: () => [seenOf('this'), seenOf('other'), seenOf('foreign', 'https://other/')] },
    revocations: { revoke: async (...all) => void revoked.push(...all) },
  })
  t.equal(await own.end(session, { others: 'true' }), 1)
  t.same(revoked, [{ sessionId: 'other' }])
  await t.rejects(own.end(session, { session: 'foreign' }), { code: 'STAGEDOOR_ACCOUNT_BAD_REQUEST' })
  await t.rejects(own.end(session, undefined), { code: 'STAGEDOOR_ACCOUNT_BAD_REQUEST' })
})

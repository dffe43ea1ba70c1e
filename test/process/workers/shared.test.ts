import t from 'tap'

import { peerCounter } from '../../../src/process/workers/shared-counter.ts'
import { sharedMarks, sharedNews, sharedOnce } from '../../../src/process/workers/shared-revocations.ts'
import { createPeerLeases, shareRefreshed } from '../../../src/process/workers/shared-sessions.ts'
import { sharedTransactions } from '../../../src/process/workers/shared-transactions.ts'
import type { Mark } from '../../../src/revocation/mark.ts'
import { createRefreshedSessions } from '../../../src/session/cookie-store.ts'
import type { Session } from '../../../src/session/session.ts'
import { sessionLimits, sessionOf } from '../../support/sessions.ts'
import { startWorkersHouse } from './support.ts'

const session = sessionOf({ id: 'session-1', createdAt: 0, refreshedAt: 0, usedAt: 0 })
const newer: Session = { ...session, refreshedAt: 600_000, refreshToken: 'second' }
const nothingEnded = { add: async () => undefined, has: () => false }

t.test('failed attempts at two workers count together', async (t) => {
  const { one, two } = startWorkersHouse()
  await peerCounter(one).increment('203.0.113.7', 1_000)
  t.same(await peerCounter(two).increment('203.0.113.7', 1_000), { current: 2, ttlMs: 1_000 })
})

t.test('a login is finished in one worker only', async (t) => {
  const { one, two } = startWorkersHouse()
  t.equal(await sharedTransactions(one).claim('transaction-1'), true)
  t.equal(await sharedTransactions(two).claim('transaction-1'), false)
})

t.test('what may happen once happens in one worker, unless that gives it back', async (t) => {
  const { one, two } = startWorkersHouse()
  t.equal(await sharedOnce(one).claim('jti-1', 1_000), true)
  t.equal(await sharedOnce(two).claim('jti-1', 1_000), false)
  await sharedOnce(one).release('jti-1')
  t.equal(await sharedOnce(two).claim('jti-1', 1_000), true)
})

t.test('a mark is in force at all workers when it is written, and read by those that start later', async (t) => {
  const { one, two, join } = startWorkersHouse()
  const heard: Mark[] = []
  sharedMarks(two, (mark) => heard.push(mark))
  const mark: Mark = { kind: 'subject', name: 'jane', at: 5, until: 1_000 }
  await sharedMarks(one, () => t.fail('who writes is not told')).write([mark])
  t.same(heard, [mark])
  t.same(await sharedMarks(join(3), () => undefined).readAll(), [mark])
})

t.test('news of a session reaches all workers, its refresh token does not', async (t) => {
  const { one, two } = startWorkersHouse()
  const { promise, resolve } = Promise.withResolvers<Session>()
  const own: Session[] = []
  sharedNews(two, resolve)
  sharedNews(one, (news) => own.push(news))(session)
  t.same(own, [session])
  const { refreshToken: _, ...told } = session
  t.strictSame(await promise, told)
})

t.test('a refreshed session is known to all workers, also to one that starts later', async (t) => {
  const { one, two, join } = startWorkersHouse()
  const [first, second] = await Promise.all(
    [one, two].map((peers) => shareRefreshed(peers, createRefreshedSessions(), sessionLimits)),
  )
  await first?.set(newer)
  const third = await shareRefreshed(join(3), createRefreshedSessions(), sessionLimits)
  t.same(
    [first, second, third].map((refreshed) => refreshed?.get('session-1')),
    [newer, newer, newer],
  )
})

t.test('who waited for a refresh that succeeded, or for a session that ended, need not refresh', async (t) => {
  const { one, two } = startWorkersHouse()
  const refreshed = createRefreshedSessions()
  const ended = new Set<string>()
  const leases = (peers: typeof one) =>
    createPeerLeases(peers, refreshed, { ...nothingEnded, has: (id) => ended.has(id) }, () => 0)
  const claim = await leases(one).claim(session)
  const waiting = leases(two).claim(session)
  await refreshed.set(newer)
  if (claim.kind === 'granted') await claim.lease.release(false)
  t.same(await waiting, { kind: 'changed' })
  t.equal((await leases(two).claim(newer)).kind, 'granted', 'the newest revision may be refreshed')
  ended.add('session-1')
  const other = startWorkersHouse()
  t.same(await leases(other.one).claim(newer), { kind: 'changed' })
})

t.test('a refresh that failed is left alone by the other workers for five seconds', async (t) => {
  let now = 0
  const { one, two } = startWorkersHouse(() => now)
  const leases = (peers: typeof one) => createPeerLeases(peers, createRefreshedSessions(), nothingEnded, () => now)
  const [ours, theirs] = [leases(one), leases(two)]
  const claim = await ours.claim(session)
  if (claim.kind === 'granted') await claim.lease.release(true)
  t.same(await theirs.claim(session), { kind: 'failed' })
  now = 5_000
  t.equal((await theirs.claim(session)).kind, 'granted')
})

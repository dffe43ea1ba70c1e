import t from 'tap'

import { createBackOff } from '../../../src/session/refresh/back-off.ts'
import { type Claim, type Leases, soleLeases } from '../../../src/session/refresh/leases.ts'
import {
  createRefreshCounters,
  createRunningRenewals,
  type GrantOutcome,
} from '../../../src/session/refresh/refresh-once.ts'
import { createRefresher } from '../../../src/session/refresh/refresher.ts'
import type { Session } from '../../../src/session/session.ts'
import type { SessionStore } from '../../../src/session/store.ts'
import { sessionOf } from '../../support/sessions.ts'

const known = (ageMs: number) => ({ session: sessionOf({ refreshedAt: 10_000 - ageMs }), value: 'cookie' })
const fresh = (session: Session): GrantOutcome => ({ kind: 'refreshed', session: { ...session, refreshedAt: 10_000 } })

type Setup = {
  leases?: Leases
  refreshGrant?: (session: Session) => Promise<GrantOutcome>
  store?: Partial<SessionStore>
  isOutdated?: (session: Session) => boolean
  maxWaitMs?: number
}

function createSetup({ leases = soleLeases, refreshGrant = async (session) => fresh(session), ...rest }: Setup = {}) {
  const done: string[] = []
  const counters = createRefreshCounters()
  const running = createRunningRenewals()
  const store: SessionStore = {
    keepsWithoutBrowser: true,
    recall: () => undefined,
    find: async () => undefined,
    async save(_session, current) {
      done.push('save')
      return current?.value
    },
    touch: async ({ value }) => value,
    async end() {
      done.push('end')
    },
    ...rest.store,
  }
  const refresher = createRefresher({
    running,
    store,
    leases,
    async refreshGrant(session) {
      done.push('refreshGrant')
      return refreshGrant(session)
    },
    times: { refreshEveryMs: 1_000, maxStaleMs: 2_000 },
    backOff: createBackOff(() => 10_000),
    counters,
    isOutdated: rest.isOutdated ?? (() => false),
    isEnded: () => false,
    isStoreAway: () => false,
    onFailure: ({ kind }) => void done.push(kind),
    now: () => 10_000,
    maxWaitMs: rest.maxWaitMs ?? 1_000,
  })
  const settled = () => Promise.all(running.values())
  return { refresher, counters, done, settled }
}

t.test('fresh claims cause no refresh', async (t) => {
  const { refresher, done } = createSetup()
  t.equal(refresher.freshen(known(799)), undefined)
  t.same(done, [])
})

t.test(
  'an early refresh runs in the background, and not at all if only the browser could store the outcome',
  async (t) => {
    const { refresher, counters, settled } = createSetup()
    t.equal(refresher.freshen(known(900)), undefined)
    await settled()
    t.equal(counters.refreshed, 1)
    const cookies = createSetup({ store: { keepsWithoutBrowser: false } })
    t.equal(cookies.refresher.freshen(known(900)), undefined)
    await cookies.settled()
    t.same(cookies.done, [])
  },
)

t.test('claims older than an event are fetched once more, and kept if that fails', async (t) => {
  const outcomes: GrantOutcome[] = [fresh(sessionOf()), { kind: 'failed', cause: undefined }]
  const { refresher, done } = createSetup({
    refreshGrant: async () => outcomes.shift() ?? { kind: 'failed', cause: undefined },
    isOutdated: () => true,
  })
  const { session } = (await refresher.freshen(known(1_500))) ?? {}
  t.equal(session?.refreshedAt, 10_000)
  t.same(done, ['refreshGrant', 'save', 'refreshGrant', 'failed'])
})

t.test('the second answer counts', async (t) => {
  const answers = ['before the event', 'after it']
  const { refresher, done } = createSetup({
    refreshGrant: async (session) => fresh({ ...session, acr: answers.shift() ?? 'a third answer' }),
    isOutdated: ({ acr }) => acr === 'before the event',
  })
  const { session } = (await refresher.freshen(known(1_500))) ?? {}
  t.equal(session?.acr, 'after it')
  t.same(done, ['refreshGrant', 'save', 'refreshGrant', 'save'])
})

t.test('requests for one session share one refresh, and another session has its own', async (t) => {
  const { refresher, done } = createSetup()
  const [one, other] = [known(1_500), known(1_500)]
  const outcomes = await Promise.all([one, one, other].map(async (each) => refresher.freshen(each)))
  t.same(
    outcomes.map((outcome) => outcome?.session.refreshedAt),
    [10_000, 10_000, 10_000],
  )
  t.same(done.filter((what) => what === 'refreshGrant').length, 2)
})

t.test('a revoked grant ends the session, even if the store fails', async (t) => {
  for (const store of [{}, { end: () => Promise.reject(new Error('no store')) }]) {
    const { refresher, counters } = createSetup({
      store,
      refreshGrant: async () => ({ kind: 'ended', reason: 'grant-invalid' }),
    })
    t.equal(await refresher.freshen(known(1_500)), undefined)
    t.equal(counters.ended, 1)
  }
})

t.test('after a failure the session goes on, and no request retries or waits for a while', async (t) => {
  const { refresher, counters, done, settled } = createSetup({
    refreshGrant: async () => ({ kind: 'failed', cause: 'down' }),
  })
  const session = known(1_500)
  t.match(await refresher.freshen(session), { ...session, needsRewrite: false })
  t.equal(refresher.freshen(session), undefined)
  t.match(counters, { failed: 1, failedInARow: 1 })
  t.same(done, ['refreshGrant', 'failed'])
  const other = known(1_500)
  t.equal(refresher.freshen(other), undefined, 'another session is tried without anybody waiting')
  await settled()
  t.match(counters, { failed: 2, failedInARow: 2, servedAsStale: 3 })
})

t.test('past maxStale a session is valid only after a refresh', async (t) => {
  const overdue = known(3_000)
  t.match(await createSetup().refresher.freshen(overdue), { session: { refreshedAt: 10_000 } })
  const { refresher, counters } = createSetup({ refreshGrant: async () => ({ kind: 'failed', cause: 'down' }) })
  t.equal(await refresher.freshen(overdue), undefined)
  t.equal(await refresher.freshen(overdue), undefined)
  t.equal(counters.refusedAsStale, 2)
})

t.test('one request waits for a slow refresh, the session goes on, and the outcome is kept', async (t) => {
  const answer = Promise.withResolvers<GrantOutcome>()
  const { refresher, counters, settled } = createSetup({ refreshGrant: () => answer.promise, maxWaitMs: 5 })
  const session = known(1_500)
  t.match(await refresher.freshen(session), session)
  t.equal(refresher.freshen(session), undefined, 'nobody else waits')
  t.equal(counters.servedAsStale, 2)
  answer.resolve(fresh(session.session))
  await settled()
  t.equal(counters.refreshed, 1)
})

t.test('the outcome of a refresh at another replica is awaited and used', async (t) => {
  const claims: Claim[] = [{ kind: 'held', change: Promise.resolve() }, { kind: 'changed' }]
  const leases = { claim: async () => claims.shift() ?? { kind: 'failed' as const } }
  const theirs = sessionOf({ refreshedAt: 9_999 })
  const { refresher, counters, done } = createSetup({
    leases,
    store: { find: async () => ({ session: theirs, needsRewrite: false }) },
  })
  t.match(await refresher.freshen(known(1_500)), { session: theirs, value: 'cookie', needsRewrite: false })
  t.match(counters, { shared: 1, refreshed: 0 })
  t.same(done, [])
})

t.test('a session that is missing when its refresh starts has ended', async (t) => {
  const { refresher } = createSetup({ leases: { claim: async () => ({ kind: 'changed' }) } })
  t.equal(await refresher.freshen(known(1_500)), undefined)
})

t.test('a failure at another replica is not counted again', async (t) => {
  const { refresher, counters } = createSetup({ leases: { claim: async () => ({ kind: 'failed' }) } })
  const session = known(1_500)
  t.match(await refresher.freshen(session), session)
  t.equal(counters.failed, 0)
  t.equal(refresher.freshen(session), undefined)
})

t.test('a holder that was overtaken discards its outcome and uses the stored session', async (t) => {
  const theirs = sessionOf({ refreshedAt: 9_999 })
  const { refresher, counters } = createSetup({
    store: { save: async () => undefined, find: async () => ({ session: theirs, needsRewrite: false }) },
  })
  t.match(await refresher.freshen(known(1_500)), { session: theirs })
  t.match(counters, { shared: 1, refreshed: 0 })
})

t.test('the lease is returned after the outcome is written, and records a failure', async (t) => {
  for (const [refreshGrant, expected] of [
    [async (session: Session) => fresh(session), ['refreshGrant', 'save', 'released false']],
    [async (): Promise<GrantOutcome> => ({ kind: 'failed', cause: 'x' }), ['refreshGrant', 'failed', 'released true']],
    [async (): Promise<GrantOutcome> => Promise.reject(new Error('bug')), ['refreshGrant', 'released true', 'failed']],
  ] as const) {
    const released: string[] = []
    const leases: Leases = {
      claim: async () => ({
        kind: 'granted',
        lease: { release: async (hasFailed) => void released.push(...done, `released ${hasFailed}`) },
      }),
    }
    const { refresher, done } = createSetup({ leases, refreshGrant })
    await refresher.freshen(known(1_500))
    const afterwards = done.slice(released.length - 1)
    t.same([...released, ...afterwards], expected)
  }
})

import type { Session } from '../session.ts'
import { type FoundSession, type KnownSession, type SessionStore, storeUnavailable } from '../store.ts'
import type { BackOff } from './back-off.ts'
import type { RefreshCounters } from './counters.ts'
import type { Lease, Leases } from './leases.ts'
import { type RefreshNeed, type RefreshTimes, refreshNeedOf } from './need.ts'
import type { RefreshGrant, GrantOutcome } from './refresh-grant.ts'

/** A session as fresh as it can be had, and the value that its cookie should have; nothing when it does not count. */
export type Freshened = (FoundSession & { value: string }) | undefined

/** Keeps claims as fresh as configured, with one call to Auth0 however many requests and replicas ask. */
export type Refresher = {
  /** @returns nothing when the session can be used as it is, which is the hot path */
  freshen(known: KnownSession): Promise<Freshened> | undefined
  /** Resolves when every running refresh is done: a refresh cut off may lose the only valid refresh token. */
  close(): Promise<void>
}

export type RefresherOptions = {
  store: SessionStore
  leases: Leases
  refreshGrant: RefreshGrant
  times: RefreshTimes
  /** Whether something was heard of since, for which claims must be asked anew however fresh they are. */
  isOutdated?: (session: Session) => boolean
  backOff: BackOff
  counters: RefreshCounters
  /** Called with each session that a refresh has changed, once it is stored. */
  onRefreshed?: (before: Session, after: Session) => void
  /** Called for each failure and each ended session, for the log. */
  onFailure: (outcome: Exclude<GrantOutcome, { kind: 'refreshed' }>, session: Session) => void
  /** Milliseconds since the epoch. */
  now: () => number
  /** Whether the store is away or refuses writes, so that no refresh can succeed. */
  isStoreAway?: () => boolean
  /** How long a request waits before it uses the present claims. */
  maxWaitMs?: number
}

type Outcome = (KnownSession & { kind: 'fresh' }) | { kind: 'ended' } | { kind: 'failed' }

export function createRefresher(options: RefresherOptions): Refresher {
  const {
    store,
    leases,
    refreshGrant,
    times,
    backOff,
    counters,
    onFailure,
    onRefreshed = () => undefined,
    now,
    isOutdated = () => false,
    isStoreAway = () => false,
    maxWaitMs = 5_000,
  } = options
  const running = new Map<string, Promise<Outcome>>()
  /** Sessions whose running refresh outlasted one request's wait. Later requests do not wait for it. */
  const slow = new Set<string>()

  function refresh(known: KnownSession): Promise<Outcome> {
    const { id } = known.session
    const joined = running.get(id)
    if (joined !== undefined) return joined
    const started = refreshOnce(known)
      .catch((cause: unknown): Outcome => failed(known.session, cause))
      .finally(() => {
        running.delete(id)
        slow.delete(id)
      })
    running.set(id, started)
    return started
  }

  async function refreshOnce(known: KnownSession): Promise<Outcome> {
    for (;;) {
      const claim = await leases.claim(known.session)
      if (claim.kind === 'changed') return takeOver(known)
      if (claim.kind === 'failed') {
        backOff.postponed(known.session.id)
        return { kind: 'failed' }
      }
      if (claim.kind === 'held') {
        await claim.change
        continue
      }
      return exchangeUnder(claim.lease, known)
    }
  }

  async function exchangeUnder(lease: Lease, known: KnownSession): Promise<Outcome> {
    let hasFailed = true
    try {
      const granted = await refreshGrant(known.session)
      hasFailed = granted.kind === 'failed'
      // Written before the lease is given back, or the next holder would use the dead refresh token.
      return await conclude(known, granted)
    } finally {
      await lease.release(hasFailed)
    }
  }

  async function conclude(known: KnownSession, granted: GrantOutcome): Promise<Outcome> {
    if (granted.kind === 'failed') return failed(known.session, granted.cause)
    if (granted.kind === 'ended') {
      counters.ended++
      onFailure(granted, known.session)
      // When the store does not answer, the session has ended in this process, and the store is updated later.
      await store.end(known.session).catch(() => undefined)
      return { kind: 'ended' }
    }
    const value = await store.save(granted.session, known)
    if (value === undefined) return takeOver(known)
    counters.refreshed++
    counters.failedInARow = 0
    backOff.succeeded(known.session.id)
    onRefreshed(known.session, granted.session)
    return { kind: 'fresh', session: granted.session, value }
  }

  /** The session that another process has written. */
  async function takeOver(known: KnownSession): Promise<Outcome> {
    const found = await store.find(known.value)
    if (found === undefined) return { kind: 'ended' }
    counters.shared++
    return { kind: 'fresh', session: found.session, value: known.value }
  }

  function failed(session: Session, cause: unknown): Outcome {
    counters.failed++
    counters.failedInARow++
    backOff.failed(session.id)
    onFailure({ kind: 'failed', cause }, session)
    return { kind: 'failed' }
  }

  async function waitFor(known: KnownSession, isOverdue: boolean): Promise<Freshened> {
    const outcome = await orAfter(maxWaitMs, refresh(known))
    if (outcome === undefined) {
      slow.add(known.session.id)
      backOff.slowed()
    }
    if (outcome?.kind === 'ended') return undefined
    if (outcome?.kind === 'fresh') {
      return { session: outcome.session, isStale: outcome.value !== known.value, value: outcome.value }
    }
    return isOverdue ? refuseAsStale() : { ...serveAsStale(known), isStale: false }
  }

  /** @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE where it is the store that keeps the session from being refreshed */
  function refuseAsStale(): undefined {
    counters.refusedAsStale++
    if (isStoreAway()) throw storeUnavailable()
    return undefined
  }

  function serveAsStale(known: KnownSession): KnownSession {
    counters.servedAsStale++
    return known
  }

  function needOf(session: Session): RefreshNeed {
    const need = refreshNeedOf(session, times, now())
    if (need === 'overdue' || session.refreshToken === undefined) return need
    return isOutdated(session) ? 'due' : need
  }

  return {
    freshen(known) {
      const need = needOf(known.session)
      if (need === 'none') return undefined
      if (need === 'soon' && !store.keepsWithoutBrowser) return undefined
      const isWaiting = backOff.isWaiting(known.session.id)
      if (need === 'overdue') return isWaiting ? Promise.try(refuseAsStale) : waitFor(known, true)
      const isHeldUp = isWaiting || slow.has(known.session.id)
      if (need === 'due' && !isHeldUp && !backOff.isTroubled()) return waitFor(known, false)
      if (need === 'due') serveAsStale(known)
      if (!isHeldUp) void refresh(known)
      return undefined
    },

    async close() {
      await Promise.allSettled(running.values())
    },
  }
}

/** Undefined when the work takes longer; the work continues. */
async function orAfter<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)))
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

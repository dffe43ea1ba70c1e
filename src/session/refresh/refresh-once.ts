import type { Session } from '../session.ts'
import type { KnownSession, SessionStore } from '../store.ts'
import type { BackOff } from './back-off.ts'
import type { Lease, Leases } from './leases.ts'

/** Why a refresh ends a session: the grant is invalid, or the answer is about another user or organization. */
type RefreshEnd = 'grant-invalid' | 'subject-changed' | 'organization-changed'

export type GrantOutcome =
  | { kind: 'refreshed'; session: Session }
  | { kind: 'ended'; reason: RefreshEnd; cause?: unknown }
  /** There was no usable answer, so the session stays as it is. */
  | { kind: 'failed'; cause: unknown }

/** Exchanges a session's refresh token for fresh claims; never rejects. */
export type RefreshGrant = (session: Session) => Promise<GrantOutcome>

/** Outcomes of refreshes since the start of the process; metrics and readiness read them. */
export type RefreshCounters = {
  refreshed: number
  /** Sessions that another replica refreshed. */
  shared: number
  ended: number
  failed: number
  /** Requests that used claims past their refresh time, because the refresh failed or is slow. */
  servedAsStale: number
  /** Requests that were refused because their session was past `maxStale`. */
  refusedAsStale: number
  /** Failures since the last success: above zero, readiness says `degraded`. */
  failedInARow: number
}

export function createRefreshCounters(): RefreshCounters {
  return { refreshed: 0, shared: 0, ended: 0, failed: 0, servedAsStale: 0, refusedAsStale: 0, failedInARow: 0 }
}

/** The result of a refresh: the current session, its end, or no change. */
export type Renewal = (KnownSession & { kind: 'fresh' }) | { kind: 'ended' } | { kind: 'failed' }

/** Refreshes under way, by session; several refreshers can share them. */
export type RunningRenewals = Map<string, Promise<Renewal>>

export const createRunningRenewals = (): RunningRenewals => new Map()

export type RefreshOnceOptions = {
  running: RunningRenewals
  store: SessionStore
  leases: Leases
  refreshGrant: RefreshGrant
  backOff: BackOff
  counters: RefreshCounters
  /** Called with each session that a refresh has changed, once it is stored. */
  onRefreshed?: (before: Session, after: Session) => void
  /** Called for each failure and each ended session, for the log. */
  onFailure: (outcome: Exclude<GrantOutcome, { kind: 'refreshed' }>, session: Session) => void
}

/** Refreshes a session at the login service once, however many requests and replicas need it. Never rejects. */
export function renewOnce(known: KnownSession, options: RefreshOnceOptions): Promise<Renewal> {
  const { running } = options
  const { id } = known.session
  const renewal =
    running.get(id) ??
    claimAndRenew(known, options)
      .catch((cause: unknown) => failed(known.session, cause, options))
      .finally(() => running.delete(id))
  running.set(id, renewal)
  return renewal
}

/** Waits until this process may refresh the session, or another one has refreshed it. */
async function claimAndRenew(known: KnownSession, options: RefreshOnceOptions): Promise<Renewal> {
  for (;;) {
    const claim = await options.leases.claim(known.session)
    if (claim.kind === 'granted') return renewUnder(claim.lease, known, options)
    if (claim.kind === 'changed') return takeOver(known, options)
    if (claim.kind === 'failed') {
      options.backOff.postponed(known.session.id)
      return { kind: 'failed' }
    }
    await claim.change
  }
}

async function renewUnder(lease: Lease, known: KnownSession, options: RefreshOnceOptions): Promise<Renewal> {
  let hasFailed = true
  try {
    const granted = await options.refreshGrant(known.session)
    hasFailed = granted.kind === 'failed'
    // Write the result before the lease is released; otherwise the next holder would use the old refresh token.
    return await conclude(known, granted, options)
  } finally {
    await lease.release(hasFailed)
  }
}

async function conclude(known: KnownSession, granted: GrantOutcome, options: RefreshOnceOptions): Promise<Renewal> {
  const { store, counters, backOff, onFailure, onRefreshed } = options
  if (granted.kind === 'failed') return failed(known.session, granted.cause, options)
  if (granted.kind === 'ended') {
    counters.ended++
    onFailure(granted, known.session)
    // If the store does not answer, the session still ends in this process, and the store is updated later.
    await store.end(known.session).catch(() => undefined)
    return { kind: 'ended' }
  }
  const value = await store.save(granted.session, known)
  if (value === undefined) return takeOver(known, options)
  counters.refreshed++
  counters.failedInARow = 0
  backOff.succeeded(known.session.id)
  onRefreshed?.(known.session, granted.session)
  return { kind: 'fresh', session: granted.session, value }
}

/** Reads the session that another process has written. */
async function takeOver(known: KnownSession, { store, counters }: RefreshOnceOptions): Promise<Renewal> {
  const found = await store.find(known.value)
  if (found === undefined) return { kind: 'ended' }
  counters.shared++
  return { kind: 'fresh', session: found.session, value: known.value }
}

function failed(session: Session, cause: unknown, { counters, backOff, onFailure }: RefreshOnceOptions): Renewal {
  counters.failed++
  counters.failedInARow++
  backOff.failed(session.id)
  onFailure({ kind: 'failed', cause }, session)
  return { kind: 'failed' }
}

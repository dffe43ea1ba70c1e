import { storeUnavailable } from '../../errors/gateway-error.ts'
import { claimsTimeOf, maxClockDifferenceMs } from '../../revocation/marks.ts'
import type { Session } from '../session.ts'
import type { FoundSession, KnownSession } from '../store.ts'
import { type RefreshOnceOptions, type Renewal, renewOnce } from './refresh-once.ts'

/** A session with the freshest claims available, and the value for its cookie; undefined when the session does not count. */
export type Freshened = (FoundSession & { value: string }) | undefined

export type RefresherOptions = RefreshOnceOptions & {
  times: RefreshTimes
  /** Whether an event after the last refresh has made the claims out of date. */
  isOutdated: (session: Session) => boolean
  /** Whether the session was ended before its time. */
  isEnded: (session: Session) => boolean
  /** Milliseconds since the epoch. */
  now: () => number
  /** Whether the store is unavailable or refuses writes, so that no refresh can succeed. */
  isStoreAway: () => boolean
  /** How long a request waits for a refresh before it uses the present claims. */
  maxWaitMs?: number
}

export type Refresher = ReturnType<typeof createRefresher>

/**
 * Keeps claims as fresh as configured, with one call to Auth0 however many requests and replicas need it. Decides which requests wait
 * for a refresh, and which continue with the present claims.
 */
export function createRefresher(options: RefresherOptions) {
  const { store, times, backOff, counters, now, isOutdated, isEnded, isStoreAway, maxWaitMs = 5_000 } = options
  /** Sessions whose running refresh outlasted one request's wait. Later requests do not wait for it. */
  const slow = new Set<string>()

  const renew = (known: KnownSession) => renewPastEvents(known, options).finally(() => slow.delete(known.session.id))

  /** The session may have been ended while the request waited. */
  async function waitFor(known: KnownSession, isOverdue: boolean): Promise<Freshened> {
    const fresh = await refreshOrStale(known, isOverdue)
    return fresh === undefined || isEnded(fresh.session) ? undefined : fresh
  }

  async function refreshOrStale(known: KnownSession, isOverdue: boolean): Promise<Freshened> {
    const outcome = await orAfter(maxWaitMs, renew(known))
    if (outcome === undefined) {
      slow.add(known.session.id)
      backOff.slowed()
    }
    if (outcome?.kind === 'ended') return undefined
    if (outcome?.kind === 'fresh') {
      return { session: outcome.session, needsRewrite: outcome.value !== known.value, value: outcome.value }
    }
    return isOverdue ? refuseAsStale() : { ...serveAsStale(known), needsRewrite: false }
  }

  /** @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when the session cannot be refreshed because of the store */
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

  /** @returns undefined when the session can be used as it is, which is the hot path */
  function freshen(known: KnownSession): Promise<Freshened> | undefined {
    const need = needOf(known.session)
    if (need === 'none') return undefined
    if (need === 'soon' && !store.keepsWithoutBrowser) return undefined
    const isWaiting = backOff.isWaiting(known.session.id)
    if (need === 'overdue') return isWaiting ? Promise.try(refuseAsStale) : waitFor(known, true)
    const isHeldUp = isWaiting || slow.has(known.session.id)
    if (need === 'due' && !isHeldUp && !backOff.isTroubled()) return waitFor(known, false)
    if (need === 'due') serveAsStale(known)
    if (!isHeldUp) void renew(known)
    return undefined
  }

  return { freshen }
}

/** A refresh that began before an event may return claims from before the event, so the session is refreshed again. */
async function renewPastEvents(known: KnownSession, options: RefresherOptions): Promise<Renewal> {
  const first = await renewOnce(known, options)
  if (first.kind !== 'fresh' || !options.isOutdated(first.session)) return first
  const second = await renewOnce(first, options)
  return second.kind === 'failed' ? first : second
}

/** Resolves to undefined when the work takes longer; the work continues. */
async function orAfter<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)))
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

type RefreshTimes = {
  /** The longest age of claims while Auth0 answers. */
  refreshEveryMs: number
  /** How much older claims may become while refreshing fails. */
  maxStaleMs: number
}

/**
 * The refresh that a session needs: none, one in the background (`soon`), or one that the request waits for (`due`). Past
 * `maxStale` the session does not count until it is refreshed (`overdue`).
 */
type RefreshNeed = 'none' | 'soon' | 'due' | 'overdue'

/** After this fraction of the interval a request starts the refresh in the background, so that few requests wait. */
const refreshesFrom = 0.8

/** @param now milliseconds since the epoch */
export function refreshNeedOf(session: Session, times: RefreshTimes, now: number): RefreshNeed {
  if (session.refreshToken === undefined) return 'none'
  const ageMs = now - claimsTimeOf(session)
  // The time was written by a clock that was ahead, so the true time of the refresh is unknown.
  if (ageMs < -maxClockDifferenceMs) return 'due'
  if (ageMs < times.refreshEveryMs * refreshesFrom) return 'none'
  if (ageMs < times.refreshEveryMs) return 'soon'
  return ageMs < times.refreshEveryMs + times.maxStaleMs ? 'due' : 'overdue'
}

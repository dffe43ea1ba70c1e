import type { Session } from '../session.ts'

export type RefreshTimes = {
  /** The longest that claims may be old while Auth0 answers. */
  refreshEveryMs: number
  /** How much longer a session keeps them while refreshing fails. */
  maxStaleMs: number
}

/**
 * What a session's claims need: nothing, a refresh in the background, one that the request waits for, or — past
 * `maxStale` — one without which the session does not count.
 */
export type RefreshNeed = 'none' | 'soon' | 'due' | 'overdue'

/** The last part of the interval is left for refreshing ahead of need, so that few requests wait. */
const aheadFraction = 0.8

/** @param now milliseconds since the epoch */
export function refreshNeedOf(session: Session, times: RefreshTimes, now: number): RefreshNeed {
  if (session.refreshToken === undefined) return 'none'
  const ageMs = now - session.refreshedAt
  if (ageMs < times.refreshEveryMs * aheadFraction) return 'none'
  if (ageMs < times.refreshEveryMs) return 'soon'
  return ageMs < times.refreshEveryMs + times.maxStaleMs ? 'due' : 'overdue'
}

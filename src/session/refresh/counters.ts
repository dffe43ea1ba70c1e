/** What became of refreshes since the start of the process; read by metrics and readiness. */
export type RefreshCounters = {
  refreshed: number
  /** Taken over from another replica. */
  shared: number
  ended: number
  failed: number
  /** Requests that went on with claims that were due to be refreshed, because that failed or takes long. */
  servedAsStale: number
  /** Requests that were refused because their session was past `maxStale`. */
  refusedAsStale: number
  /** Failures since the last success: above zero, readiness says `degraded`. */
  failedInARow: number
}

export function createRefreshCounters(): RefreshCounters {
  return { refreshed: 0, shared: 0, ended: 0, failed: 0, servedAsStale: 0, refusedAsStale: 0, failedInARow: 0 }
}

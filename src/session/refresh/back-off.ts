// This folder: keeps the claims of sessions fresh, with one request to Auth0 for each at a time.

import { LRUCache } from 'lru-cache'

import { upTo } from '../../storage/memory-bound.ts'

const firstMs = 5_000
const lastMs = 30_000
const maxTracked = 100_000

export type BackOff = ReturnType<typeof createBackOff>

/**
 * Delays the next refresh of a session after a failed one, so that not every request retries it.
 * @param now milliseconds since the epoch
 */
export function createBackOff(now: () => number) {
  const waits = new LRUCache<string, { until: number; delayMs: number }>(upTo(maxTracked))
  let troubledUntil = 0
  // A wait longer than `lastMs` began before the clock was set back, so it does not count.
  const isToCome = (until: number): boolean => until > now() && until <= now() + lastMs
  return {
    isWaiting: (sessionId: string): boolean => isToCome(waits.get(sessionId)?.until ?? 0),
    /** True for a while after any failed or slow refresh. No request then waits for a refresh, which would probably fail, too. */
    isTroubled: () => isToCome(troubledUntil),
    failed(sessionId: string): void {
      const delayMs = Math.min((waits.get(sessionId)?.delayMs ?? firstMs / 2) * 2, lastMs)
      waits.set(sessionId, { until: now() + delayMs, delayMs })
      troubledUntil = now() + firstMs
    },
    /** Another replica failed a moment ago. This process waits, but the failure does not lengthen its own delay. */
    postponed(sessionId: string): void {
      waits.set(sessionId, { delayMs: firstMs / 2, ...waits.get(sessionId), until: now() + firstMs })
    },
    /** A refresh has taken longer than requests wait for it. */
    slowed: () => void (troubledUntil = now() + firstMs),
    succeeded(sessionId: string): void {
      waits.delete(sessionId)
      troubledUntil = 0
    },
  }
}

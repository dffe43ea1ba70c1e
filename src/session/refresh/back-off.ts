import { LRUCache } from 'lru-cache'

import { upTo } from '../../storage/memory-bound.ts'

/** Keeps sessions whose refresh failed from being tried with every request. */
export type BackOff = {
  isWaiting(sessionId: string): boolean
  failed(sessionId: string): void
  /** Another replica failed a moment ago: it counts the failure, and we only wait. */
  postponed(sessionId: string): void
  /** A refresh takes longer than requests wait. */
  slowed(): void
  succeeded(sessionId: string): void
  /** True for a while after any failure or delay: then no request waits for a refresh that will likely fail, too. */
  isTroubled(): boolean
}

const firstMs = 5_000
const lastMs = 30_000
const maxTracked = 100_000

/** @param now milliseconds since the epoch */
export function createBackOff(now: () => number): BackOff {
  const waits = new LRUCache<string, { until: number; delayMs: number }>(upTo(maxTracked))
  let troubledUntil = 0
  return {
    isWaiting: (sessionId) => (waits.get(sessionId)?.until ?? 0) > now(),
    isTroubled: () => troubledUntil > now(),
    failed(sessionId) {
      const delayMs = Math.min((waits.get(sessionId)?.delayMs ?? firstMs / 2) * 2, lastMs)
      waits.set(sessionId, { until: now() + delayMs, delayMs })
      troubledUntil = now() + firstMs
    },
    postponed(sessionId) {
      waits.set(sessionId, { delayMs: firstMs / 2, ...waits.get(sessionId), until: now() + firstMs })
    },
    slowed: () => void (troubledUntil = now() + firstMs),
    succeeded(sessionId) {
      waits.delete(sessionId)
      troubledUntil = 0
    },
  }
}

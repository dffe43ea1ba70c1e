import type { OpenLoopResult } from './tally.ts'

/** Shares of the closed-loop maximum that are tried as a sustainable rate, in this order. */
export const rateShares: readonly number[] = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.35, 0.25]

const latencyLimitMs = 200

/** Whether a rate was carried: everything answered, in the time in which it was offered, and quickly. */
export function isSustained(result: OpenLoopResult): boolean {
  const { goodputPerSecond, offeredPerSecond, p99Ms, rejected, otherAnswers, broken, timedOut, unsent } = result
  if (rejected + otherAnswers + broken + timedOut + unsent > 0) return false
  return goodputPerSecond >= 0.97 * offeredPerSecond && p99Ms < latencyLimitMs
}

import type { OpenLoopResult } from './tally.ts'

/** Shares of the maximum that are tried as a sustainable rate, in this order, each twice: one may meet a disturbance. */
const shares = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7] as const
const tries = 2

const latencyLimitMs = 200

/** Whether a rate was sustained: all requests were answered during the load, and quickly. */
export function isSustained(result: OpenLoopResult): boolean {
  const { goodputPerSecond, offeredPerSecond, p99Ms, rejected, otherAnswers, broken, timedOut, unsent } = result
  if (rejected + otherAnswers + broken + timedOut + unsent > 0) return false
  return goodputPerSecond >= 0.97 * offeredPerSecond && p99Ms < latencyLimitMs
}

export type Capacity = {
  sustainedPerSecond: number
  /** False where not even the lowest rate was carried; it is taken nevertheless, being below what was seen to be possible. */
  wasSustained: boolean
}

/**
 * Searches the highest sustainable rate, from above.
 * @param closedPerSecond requests per second when each client waits for its answer
 */
export async function findCapacity(
  closedPerSecond: number,
  offer: (ratePerSecond: number) => Promise<OpenLoopResult>,
): Promise<Capacity> {
  let sustainedPerSecond = 0
  for (const share of shares) {
    for (let i = 0; i < tries; i += 1) {
      sustainedPerSecond = closedPerSecond * share
      if (isSustained(await offer(sustainedPerSecond))) return { sustainedPerSecond, wasSustained: true }
    }
  }
  return { sustainedPerSecond, wasSustained: false }
}

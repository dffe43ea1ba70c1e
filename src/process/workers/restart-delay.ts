/** A worker that lived so long did not fail at its start. */
const stableMs = 30_000
const firstDelayMs = 100
const maxDelayMs = 10_000

/** How long to wait before a worker is replaced: at once after a long life, ever longer after short ones. */
export function restartDelayMs(lifetimeMs: number, failuresInARow: number): number {
  if (lifetimeMs >= stableMs || failuresInARow <= 1) return 0
  return Math.min(maxDelayMs, firstDelayMs * 2 ** (failuresInARow - 2))
}

/** @param failuresInARow before this one */
export function countFailure(lifetimeMs: number, failuresInARow: number): number {
  return lifetimeMs >= stableMs ? 1 : failuresInARow + 1
}

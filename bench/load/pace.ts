/**
 * Calls `fire` at a constant rate, however busy this process is: what is late is made up for at once, and is told when it
 * was due. Resolves when the last is fired.
 * @param isExact spins between two, for steps below a millisecond; a timer of Node's is up to a millisecond late
 */
export function pace(
  { ratePerSecond, count, isExact }: { ratePerSecond: number; count: number; isExact: boolean },
  fire: (dueAt: number) => void,
): Promise<{ beganAt: number }> {
  const beganAt = performance.now()
  const stepMs = 1_000 / ratePerSecond
  return new Promise((resolve) => {
    let fired = 0
    const tick = (): void => {
      for (const now = performance.now(); fired < count && beganAt + fired * stepMs <= now; fired += 1) {
        fire(beganAt + fired * stepMs)
      }
      if (fired === count) resolve({ beganAt })
      else if (isExact) setImmediate(tick)
      else setTimeout(tick, 1)
    }
    tick()
  })
}

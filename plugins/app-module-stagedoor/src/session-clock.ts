/** How long before the end the person is warned. */
const warnBeforeMs = 5 * 60_000
/** Timers of browsers overflow after 24 days and stand still while a laptop sleeps. */
const lookAgainMs = 60_000

/** @returns what cancels the timer */
export type SetTimer = (task: () => void, delayMs: number) => () => void

export type SessionClockOptions = {
  now: () => number
  setTimer: SetTimer
  /** Called once for each end that comes near. */
  onEnding: (endsAt: number) => void
  onEnd: () => void
}

/** Watches the absolute end of a session. */
export function createSessionClock({ now, setTimer, onEnding, onEnd }: SessionClockOptions) {
  let cancel = () => {}
  let warnedFor: number | undefined

  function watch(endsAt: number): void {
    const leftMs = endsAt - now()
    if (leftMs <= 0) {
      onEnd()
      return
    }
    if (leftMs <= warnBeforeMs && warnedFor !== endsAt) {
      warnedFor = endsAt
      onEnding(endsAt)
    }
    const next = leftMs > warnBeforeMs ? leftMs - warnBeforeMs : leftMs
    cancel = setTimer(() => watch(endsAt), Math.min(next, lookAgainMs))
  }

  return {
    /** @param endsAt - milliseconds since the epoch; undefined where Stagedoor does not say */
    set(endsAt: number | undefined): void {
      cancel()
      if (endsAt !== undefined && endsAt > now()) watch(endsAt)
    },
  }
}

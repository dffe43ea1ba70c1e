export type TurnDelayOptions = {
  /** How long a request may wait for its turn, ms. */
  maxDelayMs: number
  /** For how long all must have waited longer before any is refused, ms. */
  afterMs: number
  /** Whether refused connections still rest: an overload that comes back is no burst, and is not waited for. */
  isOngoing: () => boolean
  /** Monotonic, ms. */
  now: () => number
  /** Calls back when the event loop has handled all that had arrived. */
  atTurnEnd: (callback: () => void) => void
}

/**
 * Measures the queue that has no name: what has arrived and lies in the kernel until the event loop comes to it. All that
 * one turn of the loop handles had arrived when the turn began, so a request has waited at least as long as the turn has
 * gone on. As in CoDel (RFC 8289 §3.2) a queue that empties is a burst and is served; only one that stands is shortened.
 */
export class TurnDelay {
  readonly #options: TurnDelayOptions
  readonly #onTurnEnd: () => void
  #isTurnOpen = false
  #turnBeganAt = 0
  #turnEndedAt = Number.NEGATIVE_INFINITY
  /** Since when every turn has been too long; infinite while they are not. */
  #lateSince = Number.POSITIVE_INFINITY

  constructor(options: TurnDelayOptions) {
    this.#options = options
    this.#onTurnEnd = () => this.#endTurn()
  }

  /** Notes a request that is handled now. @returns whether it is one too many */
  isLate(): boolean {
    const now = this.#options.now()
    if (!this.#isTurnOpen) {
      this.#beginTurn(now)
      return false
    }
    const { maxDelayMs, afterMs, isOngoing } = this.#options
    if (now - this.#turnBeganAt <= maxDelayMs) return false
    if (this.#lateSince === Number.POSITIVE_INFINITY) this.#lateSince = now
    return now - this.#lateSince >= afterMs || isOngoing()
  }

  #beginTurn(now: number): void {
    this.#isTurnOpen = true
    this.#turnBeganAt = now
    // Nothing arrived for a while: what stood before is gone.
    if (now - this.#turnEndedAt > this.#options.maxDelayMs) this.#lateSince = Number.POSITIVE_INFINITY
    this.#options.atTurnEnd(this.#onTurnEnd)
  }

  #endTurn(): void {
    this.#isTurnOpen = false
    this.#turnEndedAt = this.#options.now()
    if (this.#turnEndedAt - this.#turnBeganAt <= this.#options.maxDelayMs) this.#lateSince = Number.POSITIVE_INFINITY
  }
}

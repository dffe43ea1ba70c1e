export type BacklogOptions = {
  /** How long a request may wait for an upstream before that counts, ms. */
  maxDelayMs: number
  /** For how long that must have gone on before any is refused, ms. */
  afterMs: number
  /** Whether refused connections still rest: an overload that comes back is no burst, and is not waited for. */
  isOngoing: () => boolean
  /** Those who wait for upstreams: how many, and how long the one that was let through last had waited, ms. */
  queues: readonly { readonly waiting: number; readonly lastWaitMs: number }[]
  /** Share of the time since the last call in which the event loop was busy. */
  busyShare: () => number
  /** Monotonic, ms. */
  now: () => number
}

/** From here on the process has no time left for more requests. */
export const saturatedShare = 0.95

/**
 * Notices that a queue to an upstream stands because this process has no time, not the upstream: requests are read sooner
 * than they can be finished. Then waiting serves nobody sooner, and every request that waits makes the others dearer. As in
 * CoDel (RFC 8289 §3.2) a queue that empties is a burst; once refusals have begun they go on until there is time again.
 */
export class Backlog {
  readonly #options: BacklogOptions
  /** Since when requests have waited too long; infinite while they do not. */
  #lateSince = Number.POSITIVE_INFINITY
  #lookedAt = 0
  #isStanding = false

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  /** @returns whether a request that comes now is one too many */
  isLate(): boolean {
    if (!this.#isStanding && !this.#isWaitTooLong()) {
      this.#lateSince = Number.POSITIVE_INFINITY
      return false
    }
    this.#look()
    return this.#isStanding && this.#options.queues.some(({ waiting }) => waiting > 0)
  }

  #isWaitTooLong(): boolean {
    const { queues, maxDelayMs } = this.#options
    return queues.some(({ lastWaitMs }) => lastWaitMs > maxDelayMs)
  }

  #look(): void {
    const { now, busyShare, maxDelayMs, afterMs, isOngoing } = this.#options
    const at = now()
    if (at - this.#lookedAt < maxDelayMs) return
    this.#lookedAt = at
    const isFirst = this.#lateSince === Number.POSITIVE_INFINITY
    if (busyShare() < saturatedShare || isFirst) this.#lateSince = at
    this.#isStanding = at - this.#lateSince >= (isOngoing() ? maxDelayMs : afterMs)
  }
}

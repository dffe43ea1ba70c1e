export type RoomOptions = {
  /** Those who wait for upstreams, by upstream. */
  queues: readonly { readonly waiting: number }[]
  /** Share of the time since the last call in which the event loop was busy. */
  busyShare: () => number
  /** Monotonic, ms. */
  now: () => number
}

/** As many waiting for an upstream are always at hand when it has time; more would only be dear to keep. */
const maxWaiting = 32

/** From here on the process has no time left. */
const saturatedShare = 0.95

/** Between two looks at that, ms. */
const lookEveryMs = 50

/**
 * @returns tells whether more requests can be begun. Not while some wait for an upstream because this process has no time to
 * finish what is under way there; where it is the upstream that takes its time, they wait for it by its own limits.
 */
export function createRoom({ queues, busyShare, now }: RoomOptions): () => boolean {
  let lookedAt = Number.NEGATIVE_INFINITY
  let isSaturated = false

  function look(): void {
    const at = now()
    if (at - lookedAt < lookEveryMs) return
    lookedAt = at
    isSaturated = busyShare() >= saturatedShare
  }

  return () => {
    if (!queues.some(({ waiting }) => waiting >= maxWaiting)) return true
    look()
    return !isSaturated
  }
}

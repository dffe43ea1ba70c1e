import { createFairQueue, type Place } from './fair-queue.ts'

/** A request that waits for room at an upstream. */
export type Applicant = {
  /** Requests with the same key belong to one client, and take turns with other clients. */
  readonly clientKey: string
  /** Set while it waits; the admission alone writes it. */
  waiting?: Waiting | undefined
  /** The turn has come. */
  admit(): void
  /** No room, or waited for too long. */
  refuse(): void
}

type Waiting = { readonly place: Place<Applicant>; readonly timer: NodeJS.Timeout }

export type AdmissionLimits = {
  /** How many may be through at a time. */
  maxActive: number
  /** How many may wait; one more is refused at once. */
  maxWaiting: number
  /** For the first of a burst; those that join a queue which has not been empty for so long wait a tenth of it at most. */
  maxWaitMs: number
}

export type Admission = {
  readonly active: number
  readonly waiting: number
  enter(applicant: Applicant): void
  /** Gives the place back, once for each `admit`. */
  leave(): void
  /** Gives up waiting; false where the applicant did not wait. */
  withdraw(applicant: Applicant): boolean
}

/**
 * How long who comes now may wait. A queue that stands longer than anybody may wait serves nobody sooner: everybody would
 * wait to the limit, and many be refused after it. With short waits as many are served, and all know soon (the controlled
 * delay of "Fail at Scale", Maurer 2015).
 * @param standingMs how long the queue has not been empty
 */
export function waitLimitMs(maxWaitMs: number, standingMs: number): number {
  return standingMs > maxWaitMs ? Math.ceil(maxWaitMs / standingQueueShare) : maxWaitMs
}

const standingQueueShare = 10

/**
 * Bounds the requests under way to one upstream: room first, then a bounded wait in turns, then a quick refusal.
 * @param now monotonic, ms
 */
export function createAdmission(limits: AdmissionLimits, now = () => performance.now()): Admission {
  const queue = createFairQueue<Applicant>()
  let active = 0
  let standingSince = 0

  function withdraw(applicant: Applicant): boolean {
    const { waiting } = applicant
    if (waiting === undefined) return false
    endWait(applicant)
    queue.delete(waiting.place)
    return true
  }

  function endWait(applicant: Applicant): void {
    clearTimeout(applicant.waiting?.timer)
    applicant.waiting = undefined
  }

  function expire(applicant: Applicant): void {
    if (withdraw(applicant)) applicant.refuse()
  }

  function wait(applicant: Applicant): void {
    if (queue.size >= limits.maxWaiting) return applicant.refuse()
    const since = now()
    if (queue.size === 0) standingSince = since
    const timer = setTimeout(expire, waitLimitMs(limits.maxWaitMs, since - standingSince), applicant)
    applicant.waiting = { place: queue.push(applicant), timer }
  }

  return {
    get active() {
      return active
    },
    get waiting() {
      return queue.size
    },
    enter(applicant) {
      if (active >= limits.maxActive) return wait(applicant)
      active += 1
      applicant.admit()
    },
    leave() {
      active -= 1
      const next = queue.shift()
      if (next === undefined) return
      endWait(next)
      active += 1
      next.admit()
    },
    withdraw,
  }
}

import { Queue, type Place, type Waiting } from '../overload/queue.ts'

export type AdmissionLimits = { maxActive: number; maxWaiting: number; maxWaitMs: number }

/** Bounds what is under way to one upstream: room first, then a bounded wait in the queue, then a quick refusal. */
export class Admission {
  active = 0
  readonly #limits: AdmissionLimits
  readonly #queue: Queue

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
    this.#queue = new Queue(limits.maxWaitMs)
  }

  get waiting(): number {
    return this.#queue.size
  }

  /** @returns its place where it has to wait, for `withdraw` */
  enter(applicant: Waiting): Place | undefined {
    const { maxActive, maxWaiting } = this.#limits
    if (this.active < maxActive) {
      this.active += 1
      applicant.admit()
    } else if (this.#queue.size < maxWaiting) return this.#queue.join(applicant)
    else applicant.refuse()
    return undefined
  }

  /** Gives the room back, once for each `admit`: it goes to the first in the queue. */
  leave(): void {
    if (!this.#queue.admitNext()) this.active -= 1
  }

  /** Gives up waiting; false where it did not wait any more. */
  withdraw(place: Place | undefined): boolean {
    return place !== undefined && this.#queue.leave(place)
  }
}

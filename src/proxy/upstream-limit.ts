import { Queue, type Place, type Waiting } from '../overload/queue.ts'

export type AdmissionLimits = { maxActive: number; maxWaiting: number; maxWaitMs: number }

/** Limits the requests under way to one upstream. Further requests wait in a bounded queue; when it is full, they are refused at once. */
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

  /** @returns the place in the queue, for `withdraw`; undefined if the applicant does not wait */
  enter(applicant: Waiting): Place | undefined {
    const { maxActive, maxWaiting } = this.#limits
    if (this.active < maxActive) {
      this.active += 1
      applicant.admit()
    } else if (this.#queue.size < maxWaiting) return this.#queue.join(applicant)
    else applicant.refuse()
    return undefined
  }

  /** Releases a place, once for each `admit`. The first applicant in the queue gets it. */
  leave(): void {
    if (!this.#queue.admitNext()) this.active -= 1
  }

  /** Leaves the queue; false if the applicant was no longer waiting. */
  withdraw(place: Place | undefined): boolean {
    return place !== undefined && this.#queue.leave(place)
  }
}

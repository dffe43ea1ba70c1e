import { Line, type Place, type Waiting } from '../overload/line.ts'

export type AdmissionLimits = { maxActive: number; maxWaiting: number; maxWaitMs: number }

/** Bounds what is under way to one upstream: room first, then a bounded wait in line, then a quick refusal. */
export class Admission {
  active = 0
  readonly #limits: AdmissionLimits
  readonly #line: Line

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
    this.#line = new Line(limits.maxWaitMs)
  }

  get waiting(): number {
    return this.#line.size
  }

  /** @returns its place where it has to wait, for `withdraw` */
  enter(applicant: Waiting): Place | undefined {
    const { maxActive, maxWaiting } = this.#limits
    if (this.active < maxActive) {
      this.active += 1
      applicant.admit()
    } else if (this.#line.size < maxWaiting) return this.#line.join(applicant)
    else applicant.refuse()
    return undefined
  }

  /** Gives the room back, once for each `admit`: it goes to the first in line. */
  leave(): void {
    if (!this.#line.admitNext()) this.active -= 1
  }

  /** Gives up waiting; false where it did not wait any more. */
  withdraw(place: Place | undefined): boolean {
    return place !== undefined && this.#line.leave(place)
  }
}

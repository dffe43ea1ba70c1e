/** Something that waits. One of the two is called, once; neither after `leave`. */
export type Waiting = { admit(): void; refuse(): void }

export type Place = { readonly waiting: Waiting; readonly since: number; isLeft: boolean }

const lookEveryMs = 50
/** The array is shortened once so many places before the first are empty, so that admitting costs next to nothing. */
const maxEmpty = 512

/** First come, first served; what has waited for `maxWaitMs` is refused. */
export class Queue {
  size = 0
  readonly #maxWaitMs: number
  readonly #now: () => number
  readonly #places: Place[] = []
  #first = 0
  #timer: NodeJS.Timeout | undefined

  /** @param now monotonic, ms */
  constructor(maxWaitMs: number, now: () => number = () => performance.now()) {
    this.#maxWaitMs = maxWaitMs
    this.#now = now
  }

  join(waiting: Waiting): Place {
    const place = { waiting, since: this.#now(), isLeft: false }
    this.#places.push(place)
    this.size += 1
    this.#timer ??= setInterval(() => this.#refuseOverdue(), lookEveryMs).unref()
    return place
  }

  /** @returns false where it had been left, admitted or refused before */
  leave(place: Place): boolean {
    if (place.isLeft) return false
    place.isLeft = true
    this.size -= 1
    return true
  }

  /** Admits the first in the queue. @returns whether there was one */
  admitNext(): boolean {
    const place = this.#head()
    if (place === undefined) return false
    this.leave(place)
    place.waiting.admit()
    return true
  }

  #head(): Place | undefined {
    while (this.#places[this.#first]?.isLeft) this.#first += 1
    if (this.#first > maxEmpty || this.size === 0) {
      this.#places.splice(0, this.#first)
      this.#first = 0
    }
    return this.#places[this.#first]
  }

  #refuseOverdue(): void {
    for (let place = this.#head(); place && this.#now() - place.since >= this.#maxWaitMs; place = this.#head()) {
      this.leave(place)
      place.waiting.refuse()
    }
    if (this.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

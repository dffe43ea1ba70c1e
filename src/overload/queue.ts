/** A request that waits. The queue calls one of the two methods, once, and neither of them after `leave`. */
export type Waiting = { admit(): void; refuse(): void }

export type Place = { readonly waiting: Waiting; readonly since: number }

const lookEveryMs = 50

/** A FIFO queue. A request that has waited for `maxWaitMs` is refused. The owner of the queue decides how many are admitted, and when. */
export class Queue {
  maxWaitMs: number
  readonly #now: () => number
  readonly #places = new Set<Place>()
  /**
   * The iterator is kept between calls: a new one would first skip every deleted place. It is used only while there is a place, so
   * it is never exhausted.
   */
  #order = this.#places.values()
  #timer: NodeJS.Timeout | undefined

  /** @param now monotonic, ms */
  constructor(maxWaitMs: number, now: () => number = () => performance.now()) {
    this.maxWaitMs = maxWaitMs
    this.#now = now
  }

  get size(): number {
    return this.#places.size
  }

  join(waiting: Waiting): Place {
    const place = { waiting, since: this.#now() }
    this.#places.add(place)
    this.#timer ??= setInterval(() => this.#refuseOverdue(), lookEveryMs).unref()
    return place
  }

  /** @returns false when the place had already been left, admitted or refused */
  leave(place: Place): boolean {
    return this.#places.delete(place)
  }

  /** Admits the first in the queue. @returns whether there was one */
  admitNext(): boolean {
    if (this.#places.size === 0) return false
    const place = this.#order.next().value as Place
    this.leave(place)
    place.waiting.admit()
    return true
  }

  #refuseOverdue(): void {
    for (const place of this.#places) {
      if (this.#now() - place.since < this.maxWaitMs) break
      this.leave(place)
      place.waiting.refuse()
    }
    if (this.#places.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

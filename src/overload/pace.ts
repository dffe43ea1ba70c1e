/** How much an older look counts beside a new one. */
const memory = 3

/** What a shorter time shows is chance. */
const minWindowMs = 25

/** How fast a line goes, to tell how long it will take. */
export class Pace {
  #leavePerMs = Number.POSITIVE_INFINITY
  #left = 0
  #lookedAt = 0

  /** There is a line from now on. What was known of the one before says nothing: it may have been short because few came. */
  begin(at: number): void {
    this.#leavePerMs = Number.POSITIVE_INFINITY
    this.#left = 0
    this.#lookedAt = at
  }

  /** So many have left it. */
  left(count: number): void {
    this.#left += count
  }

  look(at: number): void {
    const windowMs = at - this.#lookedAt
    if (windowMs < minWindowMs) return
    const perMs = this.#left / windowMs
    const isFirst = this.#leavePerMs === Number.POSITIVE_INFINITY
    this.#leavePerMs = isFirst ? perMs : (memory * this.#leavePerMs + perMs) / (memory + 1)
    this.#left = 0
    this.#lookedAt = at
  }

  /** How long who joins a line of this size will wait, ms; 0 as long as nothing is known. */
  waitMs(size: number): number {
    return size === 0 ? 0 : size / this.#leavePerMs
  }
}

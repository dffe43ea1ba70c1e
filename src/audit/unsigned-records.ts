import type { AuditRecord } from './record-schema.ts'

/** A gateway that has its keys signs each hour at least (`audit.checkpointEvery`). The rest is for clocks and busy machines. */
const longestUnsignedMs = 2 * 3_600_000

type Moment = Pick<AuditRecord, 'seq' | 'time'>

/** Records at the end of one writer's chain that no signature covers so far. */
export class UnsignedRecords {
  #first: Moment | undefined
  #last: Moment | undefined

  /** A checkpoint does not count: it has a signature of its own. */
  add({ seq, time, event }: AuditRecord): void {
    if (event === 'checkpoint') return
    this.#last = { seq, time }
    this.#first ??= this.#last
  }

  /** A signature covers this record and those before it. */
  cover(seq: number): void {
    if (this.#last === undefined || seq < this.#last.seq) return
    this.#first = undefined
    this.#last = undefined
  }

  isCovered(seq: number): boolean {
    return this.#first === undefined || seq < this.#first.seq
  }

  /** Nothing where all are covered. `isTooLong`: a gateway that works would have signed meanwhile, so this is a fault. */
  stretch(): { first: number; last: number; isTooLong: boolean } | undefined {
    if (this.#first === undefined || this.#last === undefined) return undefined
    const durationMs = Date.parse(this.#last.time) - Date.parse(this.#first.time)
    return { first: this.#first.seq, last: this.#last.seq, isTooLong: durationMs > longestUnsignedMs }
  }
}

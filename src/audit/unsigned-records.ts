import type { AuditRecord } from './record-schema.ts'

/** A gateway with keys signs at least every hour (`audit.checkpointEvery`). The second hour allows for clock changes and busy machines. */
const longestUnsignedMs = 2 * 3_600_000

/** The records at the end of one writer's chain that no signature covers yet. */
export class UnsignedRecords {
  #stretch: { first: number; last: number; earliest: number; latest: number } | undefined

  /** Ignores checkpoints, because they are signed themselves. */
  add({ seq, time, event, checkpoint }: AuditRecord): void {
    if (event === 'checkpoint' && checkpoint !== undefined) return
    const at = Date.parse(time)
    const { first, earliest, latest } = this.#stretch ?? { first: seq, earliest: at, latest: at }
    this.#stretch = { first, last: seq, earliest: Math.min(earliest, at), latest: Math.max(latest, at) }
  }

  /** Marks this record and all before it as covered by a signature. */
  cover(seq: number): void {
    if (this.#stretch !== undefined && seq >= this.#stretch.last) this.#stretch = undefined
  }

  isCovered(seq: number): boolean {
    return this.#stretch === undefined || seq < this.#stretch.first
  }

  /** Undefined if all records are covered. `isTooLong` is a fault: a working gateway would have signed by then. */
  stretch(): { first: number; last: number; isTooLong: boolean } | undefined {
    if (this.#stretch === undefined) return undefined
    const { first, last, earliest, latest } = this.#stretch
    return { first, last, isTooLong: latest - earliest > longestUnsignedMs }
  }
}

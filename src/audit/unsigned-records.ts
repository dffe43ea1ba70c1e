import type { AuditRecord } from './record-schema.ts'

/** A gateway that has its keys signs each hour at least (`audit.checkpointEvery`). The rest is for clocks and busy machines. */
const longestUnsignedMs = 2 * 3_600_000

/** Records at the end of one writer's chain that no signature covers so far. */
export class UnsignedRecords {
  #stretch: { first: number; last: number; earliest: number; latest: number } | undefined

  /** A checkpoint does not count: it has a signature of its own. */
  add({ seq, time, event, checkpoint }: AuditRecord): void {
    if (event === 'checkpoint' && checkpoint !== undefined) return
    const at = Date.parse(time)
    const { first, earliest, latest } = this.#stretch ?? { first: seq, earliest: at, latest: at }
    this.#stretch = { first, last: seq, earliest: Math.min(earliest, at), latest: Math.max(latest, at) }
  }

  /** A signature covers this record and those before it. */
  cover(seq: number): void {
    if (this.#stretch !== undefined && seq >= this.#stretch.last) this.#stretch = undefined
  }

  isCovered(seq: number): boolean {
    return this.#stretch === undefined || seq < this.#stretch.first
  }

  /** Nothing where all are covered. `isTooLong`: a gateway that works would have signed meanwhile, so this is a fault. */
  stretch(): { first: number; last: number; isTooLong: boolean } | undefined {
    if (this.#stretch === undefined) return undefined
    const { first, last, earliest, latest } = this.#stretch
    return { first, last, isTooLong: latest - earliest > longestUnsignedMs }
  }
}

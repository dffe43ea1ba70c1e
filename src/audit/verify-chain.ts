import type { ChainHead } from './event.ts'
import type { AuditRecord } from './record-schema.ts'
import { UnsignedRecords } from './unsigned-records.ts'

type Report = { fault: (place: string, text: string) => void; note: (text: string) => void }

/** The largest number of remembered hashes; more than a sender can have in transit. */
const maxRemembered = 20_000

/** Times of records may be slightly out of order, because records are batched. Clock synchronization also makes only smaller steps. */
const clockStepMs = 5_000

/** Verifies the chain of one writer, record by record. */
export class WriterChain {
  /** The number of records that were repeated unchanged. */
  repeats = 0
  readonly #writer: string
  readonly #report: Report
  readonly #hashes = new Map<number, string>()
  /** Sequence numbers that were skipped, and the place where. */
  readonly #missing = new Map<number, string>()
  readonly #expected: (ChainHead & { witness: string; isOlder: boolean })[] = []
  #first = 0
  #next = 1
  #lastHash = ''
  #lastPlace = 'end'
  #lastTime = ''
  #isStopped = false
  /** The place where the chain begins, if its first record is not number 1 and is not in the oldest file. */
  #lateBegin: string | undefined
  readonly #unsigned = new UnsignedRecords()

  constructor(writer: string, report: Report) {
    this.#writer = writer
    this.#report = report
  }

  take(
    record: AuditRecord,
    place: string,
    { isIntact, isFirstFile }: { isIntact: boolean; isFirstFile: boolean },
  ): void {
    const { seq, prev, hash, event, time } = record
    const { fault } = this.#report
    if (!isIntact) fault(place, `${this.#nameOf(seq)} was changed: its hash does not fit what it says`)
    if (this.#first === 0) this.#begin(record, place, isFirstFile)
    if (seq < this.#next) return this.#takeEarlier(record, place)
    if (seq > this.#next) this.#skipTo(seq, place)
    else if (prev !== this.#lastHash) {
      fault(place, `${this.#nameOf(seq)} does not follow the record before it: ${this.#nameOf(seq - 1)} was replaced`)
    }
    if (this.#isStopped && event !== 'checkpoint') {
      fault(place, `${this.#nameOf(seq)} comes after the end of its writer`)
    }
    if (event === 'stop') this.#isStopped = true
    if (Date.parse(this.#lastTime) - Date.parse(time) > clockStepMs) {
      this.#report.note(
        `${place}: the clock was set back before ${this.#nameOf(seq)}, from ${this.#lastTime} to ${time}`,
      )
    }
    this.#lastTime = time
    this.#unsigned.add(record)
    this.#remember(seq, hash)
    this.#next = seq + 1
    this.#lastHash = hash
    this.#lastPlace = place
  }

  /** Compares a signed checkpoint with the record that it names. */
  compare({ seq, hash, writer }: ChainHead, place: string): void {
    const { fault } = this.#report
    if (writer !== this.#writer) return fault(place, `this checkpoint belongs to writer ${writer}`)
    if (seq >= this.#next)
      return fault(place, `this checkpoint names ${this.#nameOf(seq)}, which does not come before it`)
    const found = this.#hashes.get(seq)
    if (found !== undefined && found !== hash) {
      fault(place, `${this.#nameOf(seq)}, or one before it, was rewritten: the signed checkpoint says otherwise`)
    }
  }

  /** Marks records as covered by a signature that names this one. Counts only if the record is present and unchanged. */
  cover({ seq, hash }: ChainHead): void {
    if (this.#hashes.get(seq) === hash) this.#unsigned.cover(seq)
  }

  isCovered(seq: number): boolean {
    return this.#unsigned.isCovered(seq)
  }

  /**
   * Adds a record that must be in this chain according to another source.
   * @param witness the name of that source
   * @param isOlder whether the record may be older than the oldest of these files
   */
  expect(head: ChainHead, witness: string, isOlder = false): void {
    this.#expected.push({ ...head, witness, isOlder })
  }

  /** Whether a record that another source names can be compared with this chain: it is missing at the end, or its hash is remembered. */
  canJudge(seq: number): boolean {
    return seq >= this.#next || this.#hashes.has(seq)
  }

  /** Whether the chain begins in a later file, directly after the checkpoint that names this record. */
  beginsBehind(seq: number): boolean {
    return this.#lateBegin !== undefined && this.#first === seq + 2
  }

  /** Accepts the late begin: the writer is older than the oldest file, and wrote no record to it. */
  excuseBegin(): void {
    this.#lateBegin = undefined
    this.#noteBegin()
  }

  get isEmpty(): boolean {
    return this.#first === 0
  }

  end(): void {
    if (this.#lateBegin !== undefined) {
      const are = this.#first === 2 ? 'is' : 'are'
      this.#report.fault(this.#lateBegin, `${this.#range(1, this.#first - 1)} ${are} missing before this one`)
    }
    for (const [from, to, place] of ranges(this.#missing)) {
      this.#report.fault(place, `${this.#range(from, to)} ${from === to ? 'is' : 'are'} missing before this one`)
    }
    for (const { seq, hash, witness, isOlder } of this.#expected) {
      if (!this.isEmpty || !isOlder) this.#judgeExpected(seq, hash, witness)
      else
        this.#report.note(
          `nothing of writer ${this.#writer} is in these files; it wrote ${seq} records at least, says ${witness}`,
        )
    }
    if (this.#first !== 0 && !this.#isStopped) {
      const last = this.#next - 1
      this.#report.note(`writer ${this.#writer} did not end in order after record ${last}: it runs, or it was killed`)
    }
    this.#reportUnsigned()
  }

  #reportUnsigned(): void {
    const stretch = this.#unsigned.stretch()
    if (stretch === undefined) return
    const range = this.#range(stretch.first, stretch.last)
    const text = `no signature covers ${range}: whoever can write the file may have written this`
    if (stretch.isTooLong) this.#report.fault(this.#lastPlace, text)
    else this.#report.note(`${text}. If the writer runs, its next checkpoint covers it`)
  }

  #nameOf(seq: number): string {
    return `record ${seq} of writer ${this.#writer}`
  }

  #range(from: number, to: number): string {
    return from === to ? this.#nameOf(from) : `records ${from} to ${to} of writer ${this.#writer}`
  }

  #begin({ seq, prev }: AuditRecord, place: string, isFirstFile: boolean): void {
    const { fault } = this.#report
    this.#first = seq
    this.#next = seq
    this.#lastHash = prev
    if (seq === 1 && prev !== '') fault(place, `${this.#nameOf(1)} names a record before it, which cannot be`)
    if (seq === 1) return
    // In the oldest file this is no fault: rotation removes files before it.
    if (isFirstFile) this.#noteBegin()
    else this.#lateBegin = place
  }

  #noteBegin(): void {
    this.#report.note(`writer ${this.#writer} begins with record ${this.#first}; what was before is not in these files`)
  }

  #skipTo(seq: number, place: string): void {
    // Limited, because a changed file can contain any number.
    const end = Math.min(seq, this.#next + maxRemembered)
    for (let passed = this.#next; passed < end; passed += 1) this.#missing.set(passed, place)
  }

  #takeEarlier({ seq, hash }: AuditRecord, place: string): void {
    if (this.#hashes.get(seq) === hash) {
      this.repeats += 1
      return
    }
    const { fault } = this.#report
    if (!this.#missing.delete(seq)) return fault(place, `${this.#nameOf(seq)} comes a second time, and differs`)
    this.#remember(seq, hash)
    fault(place, `${this.#nameOf(seq)} stands behind record ${this.#next - 1}: their order was changed`)
  }

  #remember(seq: number, hash: string): void {
    this.#hashes.set(seq, hash)
    if (this.#hashes.size > maxRemembered) this.#hashes.delete(this.#hashes.keys().next().value as number)
  }

  #judgeExpected(seq: number, hash: string, witness: string): void {
    const { fault } = this.#report
    if (this.#first === 0) {
      return fault('end', `all of writer ${this.#writer} is missing, up to record ${seq} at least, says ${witness}`)
    }
    if (seq >= this.#next) {
      const gone = this.#range(this.#next, seq)
      return fault(this.#lastPlace, `the trail was cut here: ${gone} missing, says ${witness}`)
    }
    const found = this.#hashes.get(seq)
    if (found !== undefined && found !== hash) fault('end', `${this.#nameOf(seq)} was rewritten, says ${witness}`)
  }
}

/** Combines consecutive missing numbers of one place into ranges. */
function ranges(missing: ReadonlyMap<number, string>): [from: number, to: number, place: string][] {
  const found: [number, number, string][] = []
  for (const [seq, place] of [...missing].toSorted(([one], [other]) => one - other)) {
    const last = found.at(-1)
    if (last !== undefined && last[1] === seq - 1 && last[2] === place) last[1] = seq
    else found.push([seq, seq, place])
  }
  return found
}

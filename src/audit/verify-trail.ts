import type { JWK } from 'jose'

import { hashOf } from './chain.ts'
import { readCheckpoint } from './checkpoint-jws.ts'
import { isOtherLine, recordBehindFragment, recordIn } from './lines.ts'
import { canonicalJson } from './record-json.ts'
import type { AuditRecord } from './record-schema.ts'
import { WriterChain } from './verify-chain.ts'

/** Something that should not be so, and where. */
type Fault = { place: string; text: string }

export type Verdict = {
  records: number
  repeats: number
  writers: number
  checkpoints: number
  faults: Fault[]
  /** Facts that an auditor should know, but that do not prove a change. */
  notes: string[]
}

type VerifierOptions = {
  /** Public keys that are trusted. Without any, those that the trail names itself count, which proves less. */
  keys: readonly JWK[]
  /** Checkpoints kept beside the trail or elsewhere (compact JWS), where there should be some. */
  checkpoints?: readonly string[] | undefined
}

/** A compact JWS with a whole signature of ES256 (RFC 7518 §3.4). */
const wholeCheckpoint = /^[\w-]+\.[\w-]+\.[\w-]{86}$/
const noRecord = 'this line is no record: it was changed, or cut'

/** Follows every chain through the lines of a trail, in their order. */
export class Verifier {
  readonly #keys: Map<string, JWK>
  readonly #isTrustingItself: boolean
  readonly #kept: ReadonlySet<string> | undefined
  readonly #chains = new Map<string, WriterChain>()
  readonly #faults: Fault[] = []
  readonly #notes: string[] = []
  readonly #unknownKeys = new Set<string>()
  /** Starts that name the last records of other writers. */
  readonly #starts: AuditRecord[] = []
  #notKept = 0
  #count = 0
  #signed = 0
  #isFirstFile = true
  /** Time of the first record; rotation removed the earlier ones. */
  #begunAt = ''
  /** Part of a line; a killed process can leave one. */
  #fragment: { text: string; place: string } | undefined

  constructor({ keys, checkpoints }: VerifierOptions) {
    this.#keys = new Map(keys.map((key) => [key.kid ?? '', key]))
    this.#isTrustingItself = keys.length === 0
    this.#kept = checkpoints && new Set(checkpoints)
  }

  /**
   * @param place says where the line stands, for people
   * @param isFirstFile whether that is in the oldest file: those before it may have been removed
   */
  line(line: string, place: string, isFirstFile = true): void {
    if (line === '') return
    this.#isFirstFile = isFirstFile
    const record = recordIn(line)
    if (record !== undefined) this.#take(record, place, line)
    else if (!isOtherLine(line)) this.#takeUnreadable(line, place)
  }

  end(): Verdict {
    if (this.#fragment !== undefined) this.#fault(this.#fragment.place, 'the last line is no whole record: it was cut')
    for (const jws of this.#kept ?? []) this.#expect(jws)
    // The latest first: its own signature makes what it says of others count.
    for (const start of this.#starts.toReversed()) this.#coverBy(start)
    const chains = [...this.#chains.values()]
    for (const chain of chains) chain.end()
    if (this.#isTrustingItself && this.#signed > 0) {
      this.#notes.push(
        'signatures were checked with the keys that the trail names itself; stagedoor audit verify --keys takes trusted ones',
      )
    }
    if (this.#notKept > 0) {
      this.#notes.push(`the checkpoints that are kept beside the trail lack ${this.#notKept} of those in it`)
    }
    for (const kid of this.#unknownKeys) {
      this.#fault('keys', `checkpoints are signed by ${kid}, which is no trusted key`)
    }
    return {
      records: this.#count,
      repeats: chains.reduce((sum, { repeats }) => sum + repeats, 0),
      writers: chains.filter(({ isEmpty }) => !isEmpty).length,
      checkpoints: this.#signed,
      faults: this.#faults,
      notes: this.#notes,
    }
  }

  #fault(place: string, text: string): void {
    this.#faults.push({ place, text })
  }

  #chainOf(writer: string): WriterChain {
    const known = this.#chains.get(writer)
    if (known !== undefined) return known
    const fault = (place: string, text: string): void => this.#fault(place, text)
    const made = new WriterChain(writer, { fault, note: (text) => this.#notes.push(text) })
    this.#chains.set(writer, made)
    return made
  }

  #take(record: AuditRecord, place: string, line: string): void {
    this.#judgeFragment(record, line)
    this.#count += 1
    if (this.#count === 1) this.#begunAt = record.time
    const { hash, ...rest } = record
    const isIntact = hashOf(canonicalJson(rest)) === hash
    const chain = this.#chainOf(record.writer)
    chain.take(record, place, { isIntact, isFirstFile: this.#isFirstFile })
    try {
      this.#takeContent(record, place, chain)
    } catch {
      // Whoever can write to the trail can write members of any kind: no gateway writes such ones.
      this.#fault(place, noRecord)
    }
  }

  #takeContent(record: AuditRecord, place: string, chain: WriterChain): void {
    if (record.checkpoint !== undefined) this.#judgeCheckpoint(record.checkpoint, place, chain)
    if (this.#isTrustingItself) this.#learnKey(record)
    if (record.previous !== undefined) this.#starts.push(record)
    for (const head of record.previous ?? []) {
      this.#chainOf(head.writer).expect(head, `the start of writer ${record.writer}`, this.#isFirstFile)
    }
  }

  #learnKey({ change }: AuditRecord): void {
    if (change?.what === 'audit' && change.id !== undefined && change.jwk !== undefined) {
      this.#keys.set(change.id, change.jwk)
    }
  }

  #judgeCheckpoint(jws: string, place: string, chain: WriterChain): void {
    const verdict = readCheckpoint(jws, (kid) => this.#keys.get(kid))
    if (verdict.kind === 'forged') return this.#fault(place, 'the signature of this checkpoint is not good')
    chain.compare(verdict.checkpoint, place)
    if (verdict.kind === 'unknown-key') return void this.#unknownKeys.add(verdict.kid)
    this.#signed += 1
    if (this.#kept?.has(jws) === false) this.#notKept += 1
    chain.cover(verdict.checkpoint.seq)
  }

  #coverBy({ writer, seq, previous = [] }: AuditRecord): void {
    if (!this.#chainOf(writer).isCovered(seq)) return
    for (const head of previous) this.#chainOf(head.writer).cover(head.seq)
  }

  #expect(jws: string): void {
    // Cut on a full disk: it counts among those that are lacking.
    if (!wholeCheckpoint.test(jws)) return
    const verdict = readCheckpoint(jws, (kid) => this.#keys.get(kid))
    if (verdict.kind === 'forged') {
      return this.#fault('checkpoints', 'the signature of a checkpoint kept beside is not good')
    }
    const { checkpoint } = verdict
    const isOlder = checkpoint.at < this.#begunAt
    const chain = this.#chainOf(checkpoint.writer)
    chain.expect(checkpoint, `a checkpoint of ${checkpoint.at}`, isOlder)
    if (verdict.kind === 'unknown-key') this.#unknownKeys.add(verdict.kid)
    else chain.cover(checkpoint.seq)
  }

  /** A killed process leaves part of a line: it starts anew afterwards, or another one wrote on, or the line came again. */
  #judgeFragment(record: AuditRecord, line: string): void {
    if (this.#fragment === undefined) return
    const { text, place } = this.#fragment
    this.#fragment = undefined
    if (record.event === 'start' || line.startsWith(text)) {
      this.#notes.push(`${place}: part of a record that was not finished when its process ended`)
    } else this.#fault(place, noRecord)
  }

  #takeUnreadable(line: string, place: string): void {
    const record = recordBehindFragment(line)
    if (record === undefined) {
      if (this.#fragment !== undefined) this.#fault(this.#fragment.place, noRecord)
      this.#fragment = { text: line, place }
      return
    }
    this.#notes.push(`${place}: part of a record that was not finished stands before this one`)
    this.#take(record, place, line)
  }
}

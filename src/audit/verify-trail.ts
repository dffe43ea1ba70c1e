import type { JWK } from 'jose'

import { hashOf } from './chain.ts'
import { type Checkpoint, readCheckpoint, statedBy } from './checkpoint-jws.ts'
import { kindOfOtherLine, recordBehindFragment, recordIn } from './lines.ts'
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
  /** Time of the earliest record; rotation removed those before it. */
  #begunAt: string | undefined
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
    if (record !== undefined) return this.#take(record, place, line)
    const kind = kindOfOtherLine(line)
    if (kind === 'part') this.#takePart(line, place)
    else if (kind === 'foreign') this.#fault(place, noRecord)
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
    // Not that of the first: whoever can write the file can put one of next year before it.
    if (this.#begunAt === undefined || record.time < this.#begunAt) this.#begunAt = record.time
    const chain = this.#chainOf(record.writer)
    chain.take(record, place, { isIntact: isIntact(record), isFirstFile: this.#isFirstFile })
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
    chain.cover(verdict.checkpoint)
  }

  #coverBy({ writer, seq, previous = [] }: AuditRecord): void {
    if (!this.#chainOf(writer).isCovered(seq)) return
    for (const head of previous) this.#chainOf(head.writer).cover(head)
  }

  #expect(jws: string): void {
    // Cut on a full disk: it counts among those that are lacking.
    if (!wholeCheckpoint.test(jws)) return
    const stated = statedBy(jws)
    // Years of them are kept, and to verify a signature takes time.
    if (stated !== undefined && !this.#isAboutTheseFiles(stated)) return
    const verdict = readCheckpoint(jws, (kid) => this.#keys.get(kid))
    if (verdict.kind === 'forged') {
      return this.#fault('checkpoints', 'the signature of a checkpoint kept beside is not good')
    }
    const { checkpoint } = verdict
    const chain = this.#chainOf(checkpoint.writer)
    const isExcuse = this.#excuses(checkpoint, chain)
    if (isExcuse && verdict.kind === 'signed') return chain.excuseBegin()
    if (isExcuse) return
    chain.expect(checkpoint, `a checkpoint of ${checkpoint.at}`)
    if (verdict.kind === 'unknown-key') this.#unknownKeys.add(verdict.kid)
    else chain.cover(checkpoint)
  }

  #isAboutTheseFiles(stated: Checkpoint): boolean {
    const chain = this.#chains.get(stated.writer)
    if (chain === undefined || chain.isEmpty) return !this.#isOlder(stated)
    return chain.canJudge(stated.seq) || this.#excuses(stated, chain)
  }

  /** A worker to which no connection leads may write nothing for days. */
  #excuses(stated: Checkpoint, chain: WriterChain): boolean {
    return this.#isOlder(stated) && chain.beginsBehind(stated.seq)
  }

  /** Whether it is from before these files. */
  #isOlder({ at }: Checkpoint): boolean {
    return this.#begunAt !== undefined && at < this.#begunAt
  }

  /** A killed process leaves part of a line: it starts anew afterwards, or another one wrote on, or the line came again. */
  #judgeFragment(record: AuditRecord, line: string): void {
    if (this.#fragment === undefined) return
    const { text, place } = this.#fragment
    this.#fragment = undefined
    // A full disk may have cut it in the midst of a character.
    if (record.event === 'start' || line.startsWith(text.replace(/\uFFFD$/, ''))) {
      this.#notes.push(`${place}: part of a record that was not finished when its process ended`)
    } else this.#fault(place, noRecord)
  }

  #takePart(line: string, place: string): void {
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

/** What is nested too deeply to be written in canonical form was not written so. */
function isIntact({ hash, ...rest }: AuditRecord): boolean {
  try {
    return hashOf(canonicalJson(rest)) === hash
  } catch {
    return false
  }
}

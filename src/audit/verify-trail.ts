import type { JWK } from 'jose'

import { hashOf } from './chain.ts'
import { type Checkpoint, readCheckpoint, statedBy } from './checkpoint-jws.ts'
import { kindOfOtherLine, recordBehindFragment, recordIn } from './lines.ts'
import { canonicalJson } from './record-json.ts'
import type { AuditRecord } from './record-schema.ts'
import { WriterChain } from './verify-chain.ts'

/** A defect of the trail, and its place. */
type Fault = { place: string; text: string }

export type Verdict = {
  records: number
  repeats: number
  writers: number
  checkpoints: number
  faults: Fault[]
  /** Facts that an auditor should know, but that do not prove tampering. */
  notes: string[]
}

type VerifierOptions = {
  /** Trusted public keys. Without any, the keys named in the trail itself are used, which proves less. */
  keys: readonly JWK[]
  /** Copies of checkpoints kept beside the trail or elsewhere (compact JWS); undefined if none are kept. */
  checkpoints?: readonly string[] | undefined
}

/** A compact JWS with a complete ES256 signature (RFC 7518 §3.4). */
const wholeCheckpoint = /^[\w-]+\.[\w-]+\.[\w-]{86}$/
const noRecord = 'this line is no record: it was changed, or cut'

/** Verifies every chain in a trail. Takes the lines of the trail in order. */
export class Verifier {
  readonly #keys: Map<string, JWK>
  readonly #isTrustingItself: boolean
  readonly #kept: ReadonlySet<string> | undefined
  readonly #chains = new Map<string, WriterChain>()
  readonly #faults: Fault[] = []
  readonly #notes: string[] = []
  readonly #unknownKeys = new Set<string>()
  /** Start records; they name the last records of other writers. */
  readonly #starts: AuditRecord[] = []
  #notKept = 0
  #count = 0
  #signed = 0
  #isFirstFile = true
  /** The time of the earliest record. Rotation may have removed older ones. */
  #begunAt: string | undefined
  /** An incomplete line, as a killed process can leave it. */
  #fragment: { text: string; place: string } | undefined

  constructor({ keys, checkpoints }: VerifierOptions) {
    this.#keys = new Map(keys.map((key) => [key.kid ?? '', key]))
    this.#isTrustingItself = keys.length === 0
    this.#kept = checkpoints && new Set(checkpoints)
  }

  /**
   * @param place the place of the line, for reports
   * @param isFirstFile whether the line is in the oldest file; records before it may have been removed
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
    // Latest first: a start counts only if a signature, or a later start, covers it.
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
    // The earliest time, not that of the first record: an attacker who can write the file could put a record of next year first.
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
    // A full disk cut this checkpoint. It counts as missing from the copies.
    if (!wholeCheckpoint.test(jws)) return
    const stated = statedBy(jws)
    // Copies of years are kept, and verifying signatures takes time, so others are skipped.
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

  /** Whether the checkpoint explains the late begin of a chain: a worker without connections may write nothing for days. */
  #excuses(stated: Checkpoint, chain: WriterChain): boolean {
    return this.#isOlder(stated) && chain.beginsBehind(stated.seq)
  }

  /** Whether the checkpoint is older than these files. */
  #isOlder({ at }: Checkpoint): boolean {
    return this.#begunAt !== undefined && at < this.#begunAt
  }

  /** A fragment is no fault if a start follows it (its process was killed), or if it is repeated as a whole line (the disk was full). */
  #judgeFragment(record: AuditRecord, line: string): void {
    if (this.#fragment === undefined) return
    const { text, place } = this.#fragment
    this.#fragment = undefined
    // A full disk may have cut it within a character.
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

/** Whether the hash fits the record. A record nested too deeply for canonical form was not written by a gateway. */
function isIntact({ hash, ...rest }: AuditRecord): boolean {
  try {
    return hashOf(canonicalJson(rest)) === hash
  } catch {
    return false
  }
}

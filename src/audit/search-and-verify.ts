import { stat } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { JWK } from 'jose'

import { fits, type RecordFilter } from './filter.ts'
import { recordIn } from './lines.ts'
import type { AuditRecord } from './record-schema.ts'
import { checkpointFileOf, filesOfTrail, linesOf, linesOfAll } from './trail-files.ts'
import { type Verdict, Verifier } from './verify-trail.ts'

/** The matching records of a trail, and the verdict about the whole trail. */
export type Examination = {
  /** The matching records, the latest first. */
  records: AuditRecord[]
  /** How many records match; `records` may hold fewer. */
  found: number
  verdict: Verdict
  /** The files that were read, oldest first. */
  files: string[]
  /** Older files that were left out, because reading them would take too long. */
  leftOut: string[]
}

export type Examine = (filter: RecordFilter, limit: number) => Promise<Examination>

/** Reading this much takes about ten seconds. */
const defaultMaxBytes = 256 * 1024 * 1024
/** Lines per turn of the event loop; few, so that requests do not wait long. */
const linesATurn = 100

/**
 * Searches and verifies the trail in one pass. Examinations run one at a time, and pause so that the process can serve requests.
 * @param keys trusted public keys; if empty, the keys named in the trail are used
 */
export function createExamine(path: string, keys: () => readonly JWK[], maxBytes = defaultMaxBytes): Examine {
  let before: Promise<unknown> = Promise.resolve()

  async function examine(filter: RecordFilter, limit: number): Promise<Examination> {
    const { files, leftOut } = await filesWithin(path, maxBytes)
    // Reads checkpoints first: the records that they vouch for are then already in the trail.
    const checkpoints = await linesOfAll([checkpointFileOf(path)])
    const verifier = new Verifier({ keys: keys(), checkpoints })
    const records: AuditRecord[] = []
    const seen = new Set<string>()
    let count = 0
    for await (const { line, place, isFirstFile } of linesOf(files)) {
      verifier.line(line, place, isFirstFile)
      const record = recordIn(line)
      if (record !== undefined && fits(record, filter) && !seen.has(record.hash)) {
        seen.add(record.hash)
        records.push(record)
        if (records.length > limit) records.shift()
      }
      count += 1
      if (count % linesATurn === 0) await nextTurn()
    }
    return { records: records.toReversed(), found: seen.size, verdict: verifier.end(), files, leftOut }
  }

  return (filter, limit) => {
    const examination = before.then(() => examine(filter, limit))
    before = examination.catch(() => undefined)
    return examination
  }
}

/** The newest files whose total size is within `maxBytes`, always including the current one. */
async function filesWithin(path: string, maxBytes: number): Promise<Pick<Examination, 'files' | 'leftOut'>> {
  const all = filesOfTrail(path)
  const sizes = await Promise.all(all.map(async (file) => (await stat(file).catch(() => undefined))?.size ?? 0))
  let bytes = 0
  let first = all.length
  for (const [i, size] of [...sizes.entries()].toReversed()) {
    bytes += size
    if (bytes > maxBytes && i < all.length - 1) break
    first = i
  }
  return { files: all.slice(first), leftOut: all.slice(0, first) }
}

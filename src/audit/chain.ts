import { hash } from 'node:crypto'

import type { AuditEvent, ChainHead } from './event.ts'
import { recordJson } from './record-json.ts'

export type Chain = ReturnType<typeof createChain>

/**
 * The chain of records of one writer. Each record contains the hash of the record before it.
 * @param writer a new id for each process, because no process continues the chain of another
 */
export function createChain(writer: string) {
  let seq = 0
  let prev = ''
  return {
    /** @returns the next record as a line of canonical JSON, without a line feed */
    append(event: AuditEvent, time: string): string {
      // The chain advances only after the record was made without an error.
      const canonical = recordJson(event, { writer, seq: seq + 1, prev }, time)
      seq += 1
      prev = hashOf(canonical)
      return `${canonical.slice(0, -1)},"hash":"${prev}"}`
    },
    /** The last record. */
    head: (): ChainHead => ({ writer, seq, hash: prev }),
  }
}

/** SHA-256 in base64url, 43 characters. */
export function hashOf(canonical: string): string {
  return hash('sha256', canonical, 'base64url')
}

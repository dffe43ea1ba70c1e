import { hash } from 'node:crypto'

import type { AuditEvent, ChainHead } from './event.ts'
import { recordJson } from './record-json.ts'

export type Chain = ReturnType<typeof createChain>

/**
 * The records of one writer, each naming the hash of the one before.
 * @param writer never used before: a chain is not continued by another process
 */
export function createChain(writer: string) {
  let seq = 0
  let prev = ''
  return {
    /** @returns the next record as a line of canonical JSON without the line's end */
    append(event: AuditEvent, time: string): string {
      // Only a record that could be made moves the chain on.
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

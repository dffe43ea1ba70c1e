import type { AuditRecord } from './record.ts'

/** Where records go. */
export type WriteRecord = (record: AuditRecord) => void

/**
 * Writes records as lines that look like those of the log, among which they stand, and whatever `log.level` keeps out: a
 * trail has no gaps. They are not redacted: what clients write is masked in the record, and who it was must stay legible.
 */
export function createTrail(output: { write(line: string): void }): WriteRecord {
  return (record) =>
    output.write(`{"level":"info","time":"${record.time}","audit":${JSON.stringify(record)},"msg":"audit"}\n`)
}

import { type AuditRecord, readableRecord } from './record-schema.ts'

/** The record in a line of a trail, or in a line of a log that contains records; undefined for any other line. */
export function recordIn(line: string): AuditRecord | undefined {
  const value = parsed(line)
  const record = isObject(value) && isObject(value['audit']) ? value['audit'] : value
  return readableRecord.safeParse(record).success ? (record as AuditRecord) : undefined
}

/** Classifies a line without a record: `log` is a log line, `part` a line cut off by a kill, `foreign` one that no gateway writes. */
export function kindOfOtherLine(line: string): 'log' | 'part' | 'foreign' {
  const value = parsed(line)
  if (value === undefined) return 'part'
  return isObject(value) && 'level' in value && 'msg' in value && !('audit' in value) ? 'log' : 'foreign'
}

/**
 * The record that follows a fragment on the same line: a process was killed while it wrote the fragment, and another process
 * continued the line. Undefined if there is no record.
 */
export function recordBehindFragment(line: string): AuditRecord | undefined {
  for (let at = line.indexOf('{"', 1); at > 0; at = line.indexOf('{"', at + 1)) {
    const record = recordIn(line.slice(at))
    if (record !== undefined) return record
  }
  return undefined
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

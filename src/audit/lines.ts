import { type AuditRecord, readableRecord } from './record-schema.ts'

/** A record in a line of a trail, or of a log that has records among its lines; undefined for anything else. */
export function recordIn(line: string): AuditRecord | undefined {
  const value = parsed(line)
  const record = isObject(value) && isObject(value['audit']) ? value['audit'] : value
  return readableRecord.safeParse(record).success ? (record as AuditRecord) : undefined
}

/** A line that is no record: one of the log, the part of a line that was written before a kill, or what no gateway writes. */
export function kindOfOtherLine(line: string): 'log' | 'part' | 'foreign' {
  const value = parsed(line)
  if (value === undefined) return 'part'
  return isObject(value) && 'level' in value && 'msg' in value && !('audit' in value) ? 'log' : 'foreign'
}

/**
 * The record that stands behind a fragment on the same line: a killed process wrote the fragment, and another process wrote on.
 * Undefined where there is none.
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

import type { AuditRecord } from './record-schema.ts'

/** A record in a line of a trail, or of a log that has records among its lines; undefined for anything else. */
export function recordIn(line: string): AuditRecord | undefined {
  const value = parsed(line)
  const record = isObject(value) && isObject(value['audit']) ? value['audit'] : value
  return isRecord(record) ? (record as AuditRecord) : undefined
}

/** Whether a line is an ordinary line of the log, and no record. */
export function isOtherLine(line: string): boolean {
  const value = parsed(line)
  return isObject(value) && 'level' in value && 'msg' in value && !('audit' in value)
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

function isRecord(value: unknown): boolean {
  if (!isObject(value)) return false
  const { v, writer, seq, hash, prev } = value
  if (typeof v !== 'number' || typeof writer !== 'string' || typeof seq !== 'number') return false
  return typeof hash === 'string' && typeof prev === 'string'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { parseDate, parseDateTime } from '../config/values/moments.ts'
import { parseDuration } from '../config/values/quantities.ts'
import type { AuditRecord } from './record-schema.ts'

/** Conditions for records. A record matches when it meets every condition that is set. */
export type RecordFilter = {
  /** The exact subject or session id, or a part of the name in any letter case. */
  person?: string | undefined
  /** A part of the id or name of a user or client, of a path, or of a request id, in any letter case. */
  text?: string | undefined
  class?: string | undefined
  event?: string | undefined
  outcome?: string | undefined
  /** Milliseconds since the epoch; both ends are included. */
  since?: number | undefined
  until?: number | undefined
}

export function fits(record: AuditRecord, filter: RecordFilter): boolean {
  const at = Date.parse(record.time)
  if (filter.class !== undefined && record.class !== filter.class) return false
  if (filter.event !== undefined && record.event !== filter.event) return false
  if (filter.outcome !== undefined && record.outcome !== filter.outcome) return false
  if (filter.since !== undefined && at < filter.since) return false
  if (filter.until !== undefined && at > filter.until) return false
  if (filter.text !== undefined && !hasText(record, filter.text.toLowerCase())) return false
  return filter.person === undefined || isAbout(record, filter.person)
}

function isAbout({ principal, target }: AuditRecord, person: string): boolean {
  const { subject, session, client, name } = principal ?? {}
  if ([subject, session, client, target?.subject, target?.session].includes(person)) return true
  return name?.toLowerCase().includes(person.toLowerCase()) === true
}

function hasText({ principal, path, request_id: id }: AuditRecord, text: string): boolean {
  const { subject, name, client } = principal ?? {}
  return [subject, name, client, path, id].some((part) => part?.toLowerCase().includes(text) === true)
}

const dayMs = 86_400_000

/** Tells a user which forms `momentIn` accepts. */
export const momentForm =
  'Write a time or day that exists (2026-01-31T12:00:00Z, 2026-01-31), or how long ago (24h, 7d).'

/**
 * Parses a time (RFC 3339), a date (UTC), or a duration before now (`24h`).
 * @param edge which end of the day a date means
 * @returns milliseconds since the epoch; undefined for any other text
 */
export function momentIn(text: string, now: number, edge: 'start' | 'end' = 'start'): number | undefined {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  const day = parseDate(text)
  if (day !== undefined) return edge === 'end' ? day + dayMs - 1 : day
  return parseDateTime(text)
}

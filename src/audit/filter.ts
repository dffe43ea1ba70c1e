import { parseDate, parseDateTime } from '../config/values/moments.ts'
import { parseDuration } from '../config/values/quantities.ts'
import type { AuditRecord } from './record-schema.ts'

/** Conditions for records; a record has to meet each one that is given. */
export type RecordFilter = {
  /** Subject or session as they are, or a part of the name in any letter case. */
  person?: string | undefined
  /** Part of a person's or client's id or name, of a path, or of a request id, in any letter case. */
  text?: string | undefined
  class?: string | undefined
  event?: string | undefined
  outcome?: string | undefined
  /** Epoch milliseconds, both included. */
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

/** What momentIn() takes, for those who wrote something else. */
export const momentForm =
  'Write a time or day that exists (2026-01-31T12:00:00Z, 2026-01-31), or how long ago (24h, 7d).'

/**
 * A moment (RFC 3339, or a date in UTC), or how long ago (`24h`).
 * @param edge of a day, where a date is given
 * @returns epoch milliseconds; undefined for anything else
 */
export function momentIn(text: string, now: number, edge: 'start' | 'end' = 'start'): number | undefined {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  const day = parseDate(text)
  if (day !== undefined) return edge === 'end' ? day + dayMs - 1 : day
  return parseDateTime(text)
}

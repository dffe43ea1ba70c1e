import type { Revocation } from '../revocation/mark.ts'

/** What we read of one of Auth0's events (CloudEvents 1.0), pushed or pulled. */
export type Auth0Event = {
  id: string
  type: string
  /** Milliseconds since the epoch. */
  time: number
  /** `data.object`: what the event is about. */
  object: Readonly<Record<string, unknown>>
}

/** The types that mean something for sessions; the Events API is asked for these only. */
export const wantedTypes = [
  'user.updated',
  'user.deleted',
  'organization.member.deleted',
  'organization.member.role.assigned',
  'organization.member.role.deleted',
] as const

/** Nothing for what is not an event. */
export function parseEvent(value: unknown): Auth0Event | undefined {
  const { id, type, time, data } = recordOf(value)
  const { object } = recordOf(data)
  const timeMs = typeof time === 'string' ? Date.parse(time) : NaN
  if (typeof id !== 'string' || typeof type !== 'string' || Number.isNaN(timeMs)) return undefined
  return { id, type, time: timeMs, object: recordOf(object) }
}

/** Auth0's clock and ours may differ by so much; who is let in and blocked within it logs in once more. */
const clockToleranceMs = 60_000

/** Whom an event is about. */
export function targetOf({ object }: Auth0Event): { subject?: string; organization?: string } {
  const subject = textOf(object['user_id']) ?? textOf(recordOf(object['user'])['user_id'])
  const organization = textOf(recordOf(object['organization'])['id'])
  return { ...(subject === undefined ? {} : { subject }), ...(organization === undefined ? {} : { organization }) }
}

/**
 * What an event revokes. Every revocation speaks of what is older than the event, so that events may come twice, late
 * or out of order: who was unblocked and has logged in again since is not logged out by the block.
 * @param now milliseconds since the epoch
 */
export function revocationsFor(event: Auth0Event, issuer: string, now: number): Revocation[] {
  const { type, object } = event
  const { subject, organization } = targetOf(event)
  if (subject === undefined || !isWanted(type)) return []
  const happenedBy = event.time + clockToleranceMs
  const outdated = { issuer, subject, claimsBefore: Math.min(happenedBy, now) }
  // A session that began in this very millisecond is there already.
  const ended = { issuer, subject, createdBefore: Math.min(happenedBy, now + 1) }
  if (type === 'user.deleted' || (type === 'user.updated' && object['blocked'] === true)) return [ended]
  if (type === 'organization.member.deleted' && organization !== undefined) {
    return [{ ...ended, organization }, outdated]
  }
  return [outdated]
}

function isWanted(type: string): boolean {
  return wantedTypes.some((wanted) => wanted === type)
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value instanceof Object && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

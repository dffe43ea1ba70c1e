import { storeUnavailable } from '../errors/gateway-error.ts'
import type { Revocation } from '../revocation/mark.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { SingleUse } from '../revocation/single-use.ts'

/** The fields that Stagedoor reads from an Auth0 event (CloudEvents 1.0), from the webhook or the Events API. */
export type Auth0Event = {
  id: string
  type: string
  /** Milliseconds since the epoch. */
  time: number
  /** `data.object`: the object that the event is about. */
  object: Readonly<Record<string, unknown>>
  /** `a0tenant`, and `a0stream` if an event stream delivered the event. */
  tenant?: string | undefined
  stream?: string | undefined
}

/** The event types that affect sessions. The Events API is asked only for these. */
export const wantedTypes = [
  'user.updated',
  'user.deleted',
  'organization.deleted',
  'organization.member.deleted',
  'organization.member.role.assigned',
  'organization.member.role.deleted',
] as const

/** Events of Auth0 Groups about a user. The feature is in early access; not every tenant has it. */
export const groupTypes = ['group.member.added', 'group.member.deleted'] as const

/** Reads an event; undefined when the value is not one. */
export function parseEvent(value: unknown): Auth0Event | undefined {
  const { id, type, time, data, a0tenant, a0stream } = recordOf(value)
  const { object } = recordOf(data)
  const timeMs = typeof time === 'string' ? Date.parse(time) : NaN
  if (typeof id !== 'string' || typeof type !== 'string' || Number.isNaN(timeMs)) return undefined
  return {
    id,
    type,
    time: timeMs,
    object: recordOf(object),
    tenant: textOf(a0tenant),
    stream: textOf(a0stream),
  }
}

/** The largest difference between Auth0's clock and ours. A session that began within this time after an event is ended, too. */
const maxClockDifferenceMs = 60_000

/** The user, or the organization, that an event is about. */
export function targetOf({ type, object }: Auth0Event): { subject?: string; organization?: string } {
  const subject = textOf(object['user_id']) ?? textOf(recordOf(object['user'])['user_id']) ?? memberIn(object)
  const isAboutOrganization = type === 'organization.deleted'
  const organization = textOf((isAboutOrganization ? object : recordOf(object['organization']))['id'])
  return { ...(subject === undefined ? {} : { subject }), ...(organization === undefined ? {} : { organization }) }
}

/**
 * The revocations that follow from an event. They affect only sessions older than the event, so repeated, late or reordered
 * events do no harm: a late block does not end the session of a user who was unblocked and has logged in since.
 * @param now milliseconds since the epoch
 */
export function revocationsFor(event: Auth0Event, issuer: string, now: number): Revocation[] {
  const { type, object } = event
  const { subject, organization } = targetOf(event)
  if (!isWanted(type)) return []
  const happenedBy = event.time + maxClockDifferenceMs
  if (type === 'organization.deleted') {
    return organization === undefined ? [] : [{ issuer, organization, createdBefore: Math.min(happenedBy, now + 1) }]
  }
  if (subject === undefined) return []
  const outdated = { issuer, subject, claimsBefore: Math.min(happenedBy, now) }
  // `+ 1` includes a session that began in this millisecond.
  const ended = { issuer, subject, createdBefore: Math.min(happenedBy, now + 1) }
  if (type === 'user.deleted' || (type === 'user.updated' && object['blocked'] === true)) return [ended]
  if (type === 'organization.member.deleted' && organization !== undefined) {
    return [{ ...ended, organization }, outdated]
  }
  return [outdated]
}

function isWanted(type: string): boolean {
  return [...wantedTypes, ...groupTypes].some((wanted) => wanted === type)
}

/** The user id of a group's member; undefined if the member is a group or a connection. */
function memberIn(object: Auth0Event['object']): string | undefined {
  const { member_type: kind, id } = recordOf(object['member'])
  return kind === 'user' ? textOf(id) : undefined
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value instanceof Object && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** `ignored`: the event has no effect on sessions; `repeated`: it was handled before. */
type EventOutcome = 'revoked' | 'ignored' | 'repeated'

/**
 * Handles one event from the webhook or the stream. Resolves when its revocations are available to all replicas.
 * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when other replicas could not be informed; the sender should retry
 */
export type TakeEvent = (event: Auth0Event) => Promise<EventOutcome>

type TakeEventOptions = {
  issuer: string
  revocations: Pick<Revocations, 'revoke'>
  singleUse: Pick<SingleUse, 'claim'>
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Event ids are remembered for longer than Auth0 redelivers an event. */
const rememberedMs = 24 * 3_600_000

export function createTakeEvent({ issuer, revocations, singleUse, now }: TakeEventOptions): TakeEvent {
  return async (event) => {
    const revoked = revocationsFor(event, issuer, now())
    if (revoked.length === 0) return 'ignored'
    try {
      // Revokes before the event counts as handled. If the process dies in between, the event is delivered again and ends the same sessions.
      await revocations.revoke(...revoked)
      return (await singleUse.claim(`event ${event.id}`, rememberedMs)) ? 'revoked' : 'repeated'
    } catch (cause) {
      throw storeUnavailable(cause)
    }
  }
}

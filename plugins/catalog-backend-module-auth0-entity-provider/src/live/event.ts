import { z } from 'zod/v4'

import type { GroupKind } from '../management/groups.ts'

/** The object that an event names. Its state is then asked of Auth0; nothing else in the event is believed. */
export type Subject = { kind: 'user'; id: string } | { kind: Exclude<GroupKind, 'role'>; id: string }

export type Auth0Event = { id: string; subject: Subject | undefined }

const id = z.string().min(1)
const envelope = z.looseObject({
  id,
  type: z.string(),
  data: z.looseObject({ object: z.record(z.string(), z.unknown()) }),
})
const membership = z.looseObject({ user: z.looseObject({ user_id: id }) })
const flatMembership = z.looseObject({ user_id: id })
const member = z.looseObject({ member: z.looseObject({ id }) })

/** Event types that say something about who there is (Auth0 Event Streams). */
export const followedEventTypes = [
  'user.created',
  'user.updated',
  'user.deleted',
  'organization.created',
  'organization.updated',
  'organization.deleted',
  'organization.member.added',
  'organization.member.deleted',
  'group.created',
  'group.updated',
  'group.deleted',
  'group.member.added',
  'group.member.deleted',
] as const

/** Reads a CloudEvent of Auth0's Event Streams or Events API; nothing where it is none. */
export function parseEvent(payload: unknown): Auth0Event | undefined {
  const parsed = envelope.safeParse(payload)
  if (!parsed.success) return undefined
  const { id: eventId, type, data } = parsed.data
  return { id: eventId, subject: subjectOf(type, data.object) }
}

function subjectOf(type: string, object: Record<string, unknown>): Subject | undefined {
  if (!followedEventTypes.some((followed) => followed === type)) return undefined
  if (type.startsWith('user.') || type.includes('.member.')) {
    const userId = userIdIn(object)
    return userId === undefined ? undefined : { kind: 'user', id: userId }
  }
  const kind = type.startsWith('organization.') ? 'organization' : 'group'
  const groupId = id.safeParse(object.id)
  return groupId.success ? { kind, id: groupId.data } : undefined
}

function userIdIn(object: Record<string, unknown>): string | undefined {
  return (
    membership.safeParse(object).data?.user.user_id ??
    flatMembership.safeParse(object).data?.user_id ??
    member.safeParse(object).data?.member.id
  )
}

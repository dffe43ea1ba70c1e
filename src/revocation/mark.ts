import { hash } from 'node:crypto'

import type { Session } from '../session/session.ts'

/** Sessions that must end or be refreshed. Times are milliseconds since the epoch. */
export type Revocation =
  /** One of our sessions. With `from`, it ends at that time. */
  | { sessionId: string; from?: number }
  /** Our sessions that belong to one session at the login service (ID token `sid`) and began before a time. */
  | { issuer: string; sid: string; createdBefore: number }
  /** A user's sessions that began before a time; with `organization`, only those for that organization. */
  | { issuer: string; subject: string; createdBefore: number; organization?: string }
  /** All sessions for one organization that began before a time. */
  | { issuer: string; organization: string; createdBefore: number }
  /** A user's claims that are older than a time: they must be refreshed before they are used. */
  | { issuer: string; subject: string; claimsBefore: number }

export const markKinds = ['session', 'sid', 'subject', 'member', 'organization', 'claims'] as const
export type MarkKind = (typeof markKinds)[number]

/** The stored and shared form of a revocation. Names are hashes, so that a list of marks reveals no session and no user. */
export type Mark = {
  kind: MarkKind
  name: string
  /** For `session`: when it ends. For the others: sessions older than this have ended, or are outdated (`marks.ts` compares). */
  at: number
  /** When the mark may be deleted, because all its sessions have expired. */
  until: number
}

/** @param until milliseconds since the epoch */
export function markOf(revocation: Revocation, until: number): Mark {
  if ('sessionId' in revocation) {
    return { kind: 'session', name: nameOf(revocation.sessionId), at: revocation.from ?? 0, until }
  }
  const { issuer } = revocation
  if ('sid' in revocation) {
    return { kind: 'sid', name: nameOf(issuer, revocation.sid), at: revocation.createdBefore, until }
  }
  if (!('subject' in revocation)) {
    return { kind: 'organization', name: nameOf(issuer, revocation.organization), at: revocation.createdBefore, until }
  }
  const { subject } = revocation
  if ('claimsBefore' in revocation) {
    return { kind: 'claims', name: nameOf(issuer, subject), at: revocation.claimsBefore, until }
  }
  const { createdBefore: at, organization } = revocation
  if (organization === undefined) return { kind: 'subject', name: nameOf(issuer, subject), at, until }
  return { kind: 'member', name: nameOf(issuer, subject, organization), at, until }
}

/** The names of the marks that would apply to a session. */
type MarkNames = Readonly<Record<MarkKind, string | undefined>>

/** Session objects are immutable, so the names are computed once for each. */
const remembered = new WeakMap<Session, MarkNames>()

export function markNamesOf(session: Session): MarkNames {
  const known = remembered.get(session)
  if (known !== undefined) return known
  const { id, issuer, subject, providerSessionId, claims } = session
  const user = nameOf(issuer, subject)
  const names: MarkNames = {
    session: nameOf(id),
    sid: providerSessionId === undefined ? undefined : nameOf(issuer, providerSessionId),
    subject: user,
    member: claims.org_id === undefined ? undefined : nameOf(issuer, subject, claims.org_id),
    organization: claims.org_id === undefined ? undefined : nameOf(issuer, claims.org_id),
    claims: user,
  }
  remembered.set(session, names)
  return names
}

/** Merges two marks for the same sessions. */
export function merge(one: Mark, other: Mark): Mark {
  const at = one.kind === 'session' ? Math.min(one.at, other.at) : Math.max(one.at, other.at)
  return { ...one, at, until: Math.max(one.until, other.until) }
}

/** The text of a mark in Redis; `until` is its score. */
export function formatMark({ kind, name, at }: Mark): string {
  return `${kind} ${name} ${at}`
}

/** Undefined for an unknown form, such as a mark of a later version. */
export function parseMark(text: string, until: number): Mark | undefined {
  const [, kind, name, at] = /^([a-z]+) ([A-Za-z0-9_-]{43}) (\d{1,16})$/.exec(text) ?? []
  const known = markKinds.find((candidate) => candidate === kind)
  if (known === undefined || name === undefined || !Number.isFinite(until)) return undefined
  return { kind: known, name, at: Number(at), until }
}

/** The name of a session's own mark. */
export function markNameOfSession(sessionId: string): string {
  return nameOf(sessionId)
}

// No issuer and no id contains a line feed, so different lists give different texts.
function nameOf(...parts: readonly string[]): string {
  return hash('sha256', parts.join('\n'), 'base64url')
}

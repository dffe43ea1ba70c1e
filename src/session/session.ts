/** A logged-in browser. Times are milliseconds since the epoch unless the name says otherwise. */
export type Session = {
  /** Names the session in logs, assertions and revocations; never opens it. */
  id: string
  issuer: string
  subject: string
  /** Auth0's own session id (ID token `sid`), by which back-channel logout names it. */
  providerSessionId?: string
  claims: UserClaims
  authTimeSeconds?: number
  amr: readonly string[]
  acr?: string
  refreshToken?: string
  /** The browser, in words, and the address where the session began; shown to its owner. */
  device?: string
  address?: string
  createdAt: number
  /** When Auth0 was last asked for the claims. Each refresh has a later time than the one before, so that stores tell them apart. */
  refreshedAt: number
  /** When that was in truth, where the clock was set back and `refreshedAt` is ahead of it. */
  claimsAt?: number
  /** Last use, to within a tenth of the idle timeout. */
  usedAt: number
  /** A hard end set by the identity provider (`session_expiry`), if any. */
  ceilingAt?: number
}

export type SessionLimits = { idleTimeoutMs: number; absoluteTimeoutMs: number }

/** When a session ends unless it is used again. */
export function expiryOf(session: Session, limits: SessionLimits): number {
  return Math.min(session.usedAt + limits.idleTimeoutMs, absoluteExpiryOf(session, limits))
}

/** When a session ends however much it is used. */
export function absoluteExpiryOf(session: Pick<Session, 'createdAt' | 'ceilingAt'>, limits: SessionLimits): number {
  return Math.min(session.createdAt + limits.absoluteTimeoutMs, session.ceilingAt ?? Infinity)
}

/**
 * Whether a session has not expired. One that began further in the future than a session may last was begun by a clock that
 * was ahead: it does not count, and so none outlives twice its limit. One that began less far ahead counts, since a clock
 * that is behind for a while must sign nobody out.
 */
export function isCurrent(session: Session, limits: SessionLimits, now: number): boolean {
  return now < expiryOf(session, limits) && session.createdAt - now <= limits.absoluteTimeoutMs
}

/** Use is written down only when a tenth of the idle timeout has passed, so that most requests write nothing. */
export function isUseWorthNoting(session: Session, limits: SessionLimits, now: number): boolean {
  return now - session.usedAt > limits.idleTimeoutMs / 10
}

/** The claims from which upstreams derive rights. */
const rights = ['roles', 'groups', 'permissions'] as const

/** Whether a session gives its person other roles, groups or permissions than it did; their order does not count. */
export function haveRightsChanged(before: Pick<Session, 'claims'>, after: Pick<Session, 'claims'>): boolean {
  return rights.some((claim) => !isSameSet(before.claims[claim], after.claims[claim]))
}

function isSameSet(before: readonly string[], after: readonly string[]): boolean {
  const names = new Set(before)
  return new Set(after).size === names.size && after.every((name) => names.has(name))
}

/** Auth0's claims about a person under our names; a session keeps no others. */
export type UserClaims = {
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
  picture?: string
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  org_id?: string
  org_name?: string
  /** Claims that rules name, under their full names; only texts, numbers, truth values and lists of them. */
  custom?: Readonly<Record<string, unknown>>
}

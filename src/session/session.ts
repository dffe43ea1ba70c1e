/** A logged-in browser. Times are milliseconds since the epoch unless the name says otherwise. */
export type Session = {
  /** Identifies the session in logs, assertions and revocations. It does not give access to the session. */
  id: string
  issuer: string
  subject: string
  /** The id of the session at Auth0 (ID token `sid`), which back-channel logout uses. */
  providerSessionId?: string
  claims: UserClaims
  authTimeSeconds?: number
  amr: readonly string[]
  acr?: string
  refreshToken?: string
  /** The browser in words, and the address from which the session was started. Both are shown to the person. */
  device?: string
  address?: string
  createdAt: number
  /** When Auth0 was last asked for the claims. Each refresh has a later time than the one before, so that stores can order them. */
  refreshedAt: number
  /** The true time of that request, if the clock was set back and `refreshedAt` is ahead of the clock. */
  claimsAt?: number
  /** Last use, to within a tenth of the idle timeout. */
  usedAt: number
  /** A hard end set by the identity provider (`session_expiry`), if any. */
  ceilingAt?: number
}

export type SessionLimits = { idleTimeoutMs: number; absoluteTimeoutMs: number }

/** When a session ends if it is not used again. */
export function expiryOf(session: Session, limits: SessionLimits): number {
  return Math.min(session.usedAt + limits.idleTimeoutMs, absoluteExpiryOf(session, limits))
}

/** When a session ends even if it is used. */
export function absoluteExpiryOf(session: Pick<Session, 'createdAt' | 'ceilingAt'>, limits: SessionLimits): number {
  return Math.min(session.createdAt + limits.absoluteTimeoutMs, session.ceilingAt ?? Infinity)
}

/**
 * Whether a session has not expired. A session whose start is in the future by more than its absolute limit was created by a clock
 * that was ahead, and does not count; so no session lasts longer than twice its limit. A start less far in the future counts:
 * people must stay signed in while the clock is behind for a time.
 */
export function isCurrent(session: Session, limits: SessionLimits, now: number): boolean {
  return now < expiryOf(session, limits) && session.createdAt - now <= limits.absoluteTimeoutMs
}

/** A use is stored only when a tenth of the idle timeout has passed, so that most requests write nothing. */
export function isUseWorthNoting(session: Session, limits: SessionLimits, now: number): boolean {
  return now - session.usedAt > limits.idleTimeoutMs / 10
}

/** The claims from which upstreams derive access rights. */
const rights = ['roles', 'groups', 'permissions'] as const

/** Whether roles, groups or permissions differ. Their order does not count. */
export function haveRightsChanged(before: Pick<Session, 'claims'>, after: Pick<Session, 'claims'>): boolean {
  return rights.some((claim) => !isSameSet(before.claims[claim], after.claims[claim]))
}

function isSameSet(before: readonly string[], after: readonly string[]): boolean {
  const names = new Set(before)
  return new Set(after).size === names.size && after.every((name) => names.has(name))
}

/** The claims that a session keeps about a person, mapped from Auth0's to our names. */
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
  /** Claims that rules name, by full name. Values are strings, numbers, booleans or lists of these. */
  custom?: Readonly<Record<string, unknown>>
}

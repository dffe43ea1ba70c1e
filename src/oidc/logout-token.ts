import type { JWTPayload } from 'jose'

import { isSubject } from './subject.ts'

/** The closed list of reasons to refuse a logout token whose signature is good. */
export type LogoutTokenRefusal =
  | 'type'
  | 'issuer'
  | 'audience'
  | 'issued-at'
  | 'expired'
  | 'token-id'
  | 'events'
  | 'nonce'
  | 'subject'
  | 'nobody'

export type LogoutToken = {
  issuer: string
  /** The provider's session; ends this one only, whatever `subject` says. */
  sid?: string
  subject?: string
  tokenId: string
  issuedAtSeconds: number
  expiresAtSeconds: number
}

export type Expectations = { issuer: string; clientId: string; nowSeconds: number }

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Logout tokens are sent at once and live two minutes. */
const maxAgeSeconds = 120
const clockToleranceSeconds = 30

/**
 * Reads a logout token whose signature was verified (OIDC Back-Channel Logout 1.0 §2.6). Auth0 writes `typ: JWT`, so
 * that `logout+jwt` cannot be required: `events` and the missing `nonce` distinguish the token from an ID token.
 */
export function readLogoutToken(
  payload: JWTPayload,
  header: { typ?: unknown },
  { issuer, clientId, nowSeconds }: Expectations,
): LogoutToken | LogoutTokenRefusal {
  const { iss, sub, sid, aud, iat, exp, jti, events, nonce } = payload
  if (!isLogoutType(header.typ)) return 'type'
  if (iss !== issuer) return 'issuer'
  if (![aud].flat().includes(clientId)) return 'audience'
  if (typeof iat !== 'number' || isOutside(iat, nowSeconds)) return 'issued-at'
  if (typeof exp !== 'number' || exp + clockToleranceSeconds <= nowSeconds) return 'expired'
  if (typeof jti !== 'string' || jti === '') return 'token-id'
  if (!hasLogoutEvent(events)) return 'events'
  if (nonce !== undefined) return 'nonce'
  const token: LogoutToken = { issuer, tokenId: jti, issuedAtSeconds: iat, expiresAtSeconds: exp }
  if (!isName(sid) && !isName(sub)) return 'nobody'
  if (sub !== undefined && !isSubject(sub)) return 'subject'
  if (isName(sid)) token.sid = sid
  if (sub !== undefined) token.subject = sub
  return token
}

function isLogoutType(type: unknown): boolean {
  if (type === undefined) return true
  return typeof type === 'string' && ['jwt', 'logout+jwt', 'application/logout+jwt'].includes(type.toLowerCase())
}

function isOutside(issuedAtSeconds: number, nowSeconds: number): boolean {
  const ageSeconds = nowSeconds - issuedAtSeconds
  return ageSeconds > maxAgeSeconds + clockToleranceSeconds || ageSeconds < -clockToleranceSeconds
}

function hasLogoutEvent(events: unknown): boolean {
  if (!(events instanceof Object) || !Object.hasOwn(events, logoutEvent)) return false
  const event: unknown = (events as Record<string, unknown>)[logoutEvent]
  return event instanceof Object && !Array.isArray(event)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

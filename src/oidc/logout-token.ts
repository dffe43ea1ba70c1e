import { type JWTPayload, compactVerify, createRemoteJWKSet, customFetch, errors, type FetchImplementation } from 'jose'

import { GatewayError } from '../errors/gateway-error.ts'
import { isSubject } from './claim-values.ts'
import type { Provider } from './provider.ts'

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

/** @throws STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED, STAGEDOOR_OIDC_UNAVAILABLE while keys cannot be had */
export type VerifyLogoutToken = (token: string) => Promise<LogoutToken>

export type VerifierOptions = {
  provider: Pick<Provider, 'metadata'>
  clientId: string
  fetch: FetchImplementation
  /** How long fetching the keys may take. */
  timeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The algorithms that Auth0 signs with. Shared secrets and unsigned tokens would let others end sessions. */
const algorithms = ['RS256', 'PS256']

type Keys = ReturnType<typeof createRemoteJWKSet>

/** Verifies logout tokens by the provider's published keys (OIDC Back-Channel Logout 1.0 §2.6). */
export function createLogoutTokenVerifier(options: VerifierOptions): VerifyLogoutToken {
  const { provider, clientId, fetch, timeoutMs, now } = options
  let keysUri: string | undefined
  let keys: Keys | undefined

  function keysAt(uri: string): Keys {
    if (keys === undefined || uri !== keysUri) {
      keys = createRemoteJWKSet(new URL(uri), { [customFetch]: fetch, timeoutDuration: timeoutMs })
    }
    keysUri = uri
    return keys
  }

  return async (token) => {
    const { issuer, jwks_uri: uri } = await provider.metadata()
    if (uri === undefined)
      throw new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { detail: 'discovery names no jwks_uri' })
    const verified = await compactVerify(token, keysAt(uri), { algorithms }).catch((cause: unknown) => {
      throw isBadToken(cause) ? refusal('signature', cause) : new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { cause })
    })
    const payload = claimsIn(verified.payload)
    const expectations = { issuer, clientId, nowSeconds: now() / 1000 }
    const read = payload === undefined ? 'claims' : readLogoutToken(payload, verified.protectedHeader, expectations)
    if (typeof read === 'string') throw refusal(read)
    return read
  }
}

function claimsIn(bytes: Uint8Array): JWTPayload | undefined {
  try {
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return claims instanceof Object && !Array.isArray(claims) ? (claims as JWTPayload) : undefined
  } catch {
    return undefined
  }
}

const fetchFailures = [errors.JWKSTimeout, errors.JWKSInvalid]

/** A token that is wrong is refused for good; keys that cannot be fetched are no fault of the token. */
function isBadToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError) || fetchFailures.some((type) => error instanceof type)) return false
  // jose throws this code when the key endpoint does not answer 200.
  return error.code !== errors.JOSEError.code
}

function refusal(reason: string, cause?: unknown): GatewayError {
  return new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason, cause })
}

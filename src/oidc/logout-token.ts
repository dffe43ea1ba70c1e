import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  jwtVerify,
  type RemoteJWKSet,
} from 'jose'

import { GatewayError } from '../errors/gateway-error.ts'
import { isName, isSubject } from './claim-values.ts'
import type { Provider } from './provider.ts'
import { signatureAlgorithms } from './signature-algorithms.ts'

export type LogoutToken = {
  issuer: string
  /** The provider's session. If given, only its sessions end, whatever `subject` says. */
  sid?: string
  subject?: string
  tokenId: string
  issuedAtSeconds: number
  expiresAtSeconds: number
}

/** @throws STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED, STAGEDOOR_OIDC_UNAVAILABLE while the keys cannot be fetched */
export type VerifyLogoutToken = (token: string) => Promise<LogoutToken>

type VerifierOptions = {
  provider: Pick<Provider, 'metadata'>
  clientId: string
  /** Whether `typ` has to be `logout+jwt` (OIDC Back-Channel Logout 1.0 §2.4 recommends it; Auth0 writes `JWT`). */
  isTypeRequired: boolean
  fetch: FetchImplementation
  /** How long fetching the keys may take. */
  timeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The closed list of reasons to refuse a logout token. */
type LogoutTokenRefusal = 'signature' | 'claims' | 'type' | 'events' | 'nonce' | 'subject' | 'nobody' | ClaimRefusal
type ClaimRefusal = 'issuer' | 'audience' | 'issued-at' | 'expired' | 'token-id'

const claimRefusals = new Map<string, ClaimRefusal>([
  ['iss', 'issuer'],
  ['aud', 'audience'],
  ['iat', 'issued-at'],
  ['nbf', 'issued-at'],
  ['exp', 'expired'],
  ['jti', 'token-id'],
])

const algorithms = [...signatureAlgorithms]
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** In seconds. Logout tokens are sent at once and are valid for two minutes. */
const times = { maxTokenAge: 120, clockTolerance: 30 }

/** Verifies logout tokens with the provider's published keys (OIDC Back-Channel Logout 1.0 §2.6). */
export function createLogoutTokenVerifier(options: VerifierOptions): VerifyLogoutToken {
  const { provider, clientId, isTypeRequired, fetch, timeoutMs, now } = options
  let keys: RemoteJWKSet | undefined

  return async (token) => {
    const { issuer, jwks_uri: uri } = await provider.metadata()
    if (uri === undefined)
      throw new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { detail: 'discovery names no jwks_uri' })
    keys ??= createRemoteJWKSet(new URL(uri), { [customFetch]: fetch, timeoutDuration: timeoutMs })
    const expected = { issuer, audience: clientId, requiredClaims: ['exp', 'jti'], algorithms, ...times }
    const verified = await jwtVerify(token, keys, { ...expected, currentDate: new Date(now()) }).catch(
      (cause: unknown) => {
        const reason = refusalIn(cause)
        throw reason === undefined ? new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { cause }) : refusal(reason, cause)
      },
    )
    const { payload, protectedHeader } = verified
    if (isTypeRequired && !isTyped(protectedHeader.typ)) throw refusal('type')
    const read = readLogoutToken(payload, protectedHeader)
    if (typeof read === 'string') throw refusal(read)
    return read
  }
}

/** Why a token is refused; undefined if it could not be verified because the keys could not be fetched. */
function refusalIn(error: unknown): LogoutTokenRefusal | undefined {
  const isOfClaims = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed
  if (isOfClaims || error instanceof errors.JWTInvalid) {
    return claimRefusals.get(isOfClaims ? error.claim : 'all') ?? 'claims'
  }
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return undefined
  // jose throws the general code when the key endpoint does not answer 200.
  return error instanceof errors.JOSEError && error.code !== errors.JOSEError.code ? 'signature' : undefined
}

function refusal(reason: LogoutTokenRefusal, cause?: unknown): GatewayError {
  return new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason, cause })
}

/**
 * Reads a verified logout token. Auth0 writes `typ: JWT`. If no type is required, `events` and the missing `nonce` distinguish
 * the token from an ID token.
 */
export function readLogoutToken(payload: JWTPayload, header: { typ?: unknown }): LogoutToken | LogoutTokenRefusal {
  const { iss, sub, sid, iat, exp, jti, events, nonce } = payload
  if (!isLogoutType(header.typ)) return 'type'
  if (!isName(jti)) return 'token-id'
  if (!hasLogoutEvent(events)) return 'events'
  if (nonce !== undefined) return 'nonce'
  const token: LogoutToken = {
    issuer: String(iss),
    tokenId: jti,
    issuedAtSeconds: Number(iat),
    expiresAtSeconds: Number(exp),
  }
  if (!isName(sid) && !isName(sub)) return 'nobody'
  if (sub !== undefined && !isSubject(sub)) return 'subject'
  if (isName(sid)) token.sid = sid
  if (sub !== undefined) token.subject = sub
  return token
}

function isLogoutType(type: unknown): boolean {
  return type === undefined || isTyped(type) || (typeof type === 'string' && type.toLowerCase() === 'jwt')
}

/** Media types ignore case, and may omit `application/` (RFC 7515 §4.1.9). */
function isTyped(type: unknown): boolean {
  return typeof type === 'string' && ['logout+jwt', 'application/logout+jwt'].includes(type.toLowerCase())
}

function hasLogoutEvent(events: unknown): boolean {
  if (!(events instanceof Object) || !Object.hasOwn(events, logoutEvent)) return false
  const event: unknown = (events as Record<string, unknown>)[logoutEvent]
  return event instanceof Object && !Array.isArray(event)
}

import type { IDToken, TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client'

import type { Session, UserClaims } from '../session/session.ts'
import { listOf, textOf } from './claim-values.ts'
import { accessTokenPermissions, type ClaimNames, mapUserClaims } from './map-user-claims.ts'

export type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers

/**
 * The session that a finished login starts. It keeps only mapped claims and the refresh token, not the ID and access token.
 * @param beganAt when the tokens were requested, in milliseconds since the epoch
 */
export function newSession(tokens: Tokens, id: string, claimNames: ClaimNames, beganAt: number): Session {
  const claims = tokens.claims()
  if (claims === undefined) throw new TypeError('a login without an ID token')
  const { iss, sub, sid, acr, auth_time, amr } = claims
  const report = claimNames.onUnusable
  const session: Session = {
    id,
    issuer: iss,
    subject: sub,
    claims: claimsOfTokens(tokens, claims, claimNames),
    amr: listOf('amr', amr, report),
    createdAt: beganAt,
    refreshedAt: beganAt,
    usedAt: beganAt,
  }
  const providerSessionId = textOf('sid', sid, report)
  if (providerSessionId !== undefined) session.providerSessionId = providerSessionId
  if (auth_time !== undefined) session.authTimeSeconds = auth_time
  const contextClass = textOf('acr', acr, report)
  if (contextClass !== undefined) session.acr = contextClass
  if (tokens.refresh_token !== undefined) session.refreshToken = tokens.refresh_token
  // The time may have a fraction (RFC 7519 §2, NumericDate), which Redis refuses. A cookie cannot expire far before the epoch.
  const ceilingSeconds = claims['session_expiry']
  if (typeof ceilingSeconds === 'number') session.ceilingAt = Math.max(0, Math.floor(ceilingSeconds * 1000))
  return session
}

/** The claims that a session keeps from an answer of the token endpoint: the ID token's, and Auth0's permissions. */
export function claimsOfTokens(tokens: Tokens, idToken: IDToken, claimNames: ClaimNames): UserClaims {
  const claims = mapUserClaims(idToken, claimNames)
  if (claims.permissions.length > 0) return claims
  const { audience, onUnusable: report } = claimNames
  const where = { issuer: idToken.iss, audience, report }
  return { ...claims, permissions: accessTokenPermissions(tokens.access_token, where) }
}

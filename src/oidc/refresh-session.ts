import { refreshTokenGrant } from 'openid-client'

import type { RefreshGrant, GrantOutcome } from '../session/refresh/refresh-once.ts'
import type { Session } from '../session/session.ts'
import { isGrantInvalid } from './failures.ts'
import type { ClaimNames } from './map-user-claims.ts'
import type { Provider } from './provider.ts'
import { claimsOfTokens, type Tokens } from './session-from-tokens.ts'

type RefreshParty = { provider: Provider; claimNames: ClaimNames; now: () => number }

/** Exchanges the refresh token for fresh claims (RFC 6749 §6, OIDC Core §12). */
export function createRefreshGrant({ provider, claimNames, now }: RefreshParty): RefreshGrant {
  return async (session) => {
    const { refreshToken = '' } = session
    // Auth0 may change the person's roles while its answer is on the way. The claims count as of the time of the request.
    const askedAt = now()
    try {
      const tokens = await provider.call((configuration) => refreshTokenGrant(configuration, refreshToken), 'refresh')
      return refreshedSession(session, tokens, claimNames, askedAt)
    } catch (cause) {
      return isGrantInvalid(cause) ? { kind: 'ended', reason: 'grant-invalid', cause } : { kind: 'failed', cause }
    }
  }
}

/**
 * The session after a refresh. It takes over only mapped claims and the refresh token: `amr`, `acr` and `auth_time` describe
 * the login, and Auth0 omits them from refreshed ID tokens; `session_expiry` is fixed at login.
 * @param askedAt milliseconds since the epoch
 */
export function refreshedSession(
  session: Session,
  tokens: Tokens,
  claimNames: ClaimNames,
  askedAt: number,
): GrantOutcome {
  const claims = tokens.claims()
  // OIDC Core §12.2: the subject must be the same as at login.
  if (claims !== undefined && claims.sub !== session.subject) return { kind: 'ended', reason: 'subject-changed' }
  const mapped = claims === undefined ? session.claims : claimsOfTokens(tokens, claims, claimNames)
  if (mapped.org_id !== session.claims.org_id) return { kind: 'ended', reason: 'organization-changed' }
  const { claimsAt: _, ...before } = session
  const refreshedAt = Math.max(askedAt, session.refreshedAt + 1)
  const refreshed: Session = { ...before, claims: mapped, refreshedAt }
  // Otherwise, after the clock was set back, each request would refresh the session until the clock has caught up.
  if (refreshedAt > askedAt) refreshed.claimsAt = askedAt
  if (tokens.refresh_token !== undefined) refreshed.refreshToken = tokens.refresh_token
  return { kind: 'refreshed', session: refreshed }
}

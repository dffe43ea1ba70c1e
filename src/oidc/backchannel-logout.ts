import { GatewayError } from '../errors/gateway-error.ts'
import type { Revocation } from '../revocation/mark.ts'
import type { Once } from '../revocation/once.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { LogoutToken } from './logout-token.ts'
import type { VerifyLogoutToken } from './verify-logout-token.ts'

export type BackchannelParty = {
  verify: VerifyLogoutToken
  once: Once
  revocations: Pick<Revocations, 'revoke'>
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Auth0's clock and ours may differ by so much. */
const clockToleranceMs = 60_000

/**
 * What a logout token ends: the session at the provider that it names. Only a token without `sid` speaks of all of a
 * user's sessions. Either way of those that began before it, or the next login would be dead as well.
 * @param now milliseconds since the epoch
 */
export function revocationOf({ issuer, sid, subject = '', issuedAtSeconds }: LogoutToken, now: number): Revocation {
  const createdBefore = Math.min(issuedAtSeconds * 1000 + clockToleranceMs, now + 1)
  return sid === undefined ? { issuer, subject, createdBefore } : { issuer, sid, createdBefore }
}

/**
 * Ends what a logout token names, once. Returns when every replica can know it, because the sender does not try again.
 * @throws STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED, STAGEDOOR_SESSION_STORE_UNAVAILABLE, STAGEDOOR_OIDC_UNAVAILABLE
 */
export async function takeLogoutToken(party: BackchannelParty, text: unknown): Promise<LogoutToken> {
  const { verify, once, revocations, now } = party
  if (typeof text !== 'string') throw new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason: 'missing' })
  const token = await verify(text)
  const name = `jti ${token.issuer} ${token.tokenId}`
  const lifetimeMs = Math.max(token.expiresAtSeconds * 1000 - now(), 0) + clockToleranceMs
  const isFirst = await once.claim(name, lifetimeMs).catch(async (cause: unknown) => {
    // The store of used tokens does not answer. A replay does no harm: this process ends the session in any case.
    await revocations.revoke(revocationOf(token, now())).catch(() => undefined)
    throw unavailable(cause)
  })
  if (!isFirst) throw new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason: 'replayed' })
  try {
    await revocations.revoke(revocationOf(token, now()))
  } catch (cause) {
    await once.release(name)
    throw unavailable(cause)
  }
  return token
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('STAGEDOOR_SESSION_STORE_UNAVAILABLE', { cause, headers: { 'retry-after': '5' } })
}

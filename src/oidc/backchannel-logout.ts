import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import { GatewayError, storeUnavailable } from '../errors/gateway-error.ts'
import type { Revocation } from '../revocation/mark.ts'
import { maxClockDifferenceMs } from '../revocation/marks.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { SingleUse } from '../revocation/single-use.ts'
import type { LogoutToken, VerifyLogoutToken } from './logout-token.ts'

export type BackchannelParty = {
  verify: VerifyLogoutToken
  singleUse: SingleUse
  revocations: Pick<Revocations, 'revoke'>
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * The sessions that a logout token ends: with `sid`, those of that session at the provider; without it, all sessions of
 * the user. In both cases only sessions that began before the token, because a later login must survive.
 * @param now milliseconds since the epoch
 */
export function revocationOf({ issuer, sid, subject = '', issuedAtSeconds }: LogoutToken, now: number): Revocation {
  const createdBefore = Math.min(issuedAtSeconds * 1000 + maxClockDifferenceMs, now + 1)
  return sid === undefined ? { issuer, subject, createdBefore } : { issuer, sid, createdBefore }
}

/**
 * Ends the sessions that a logout token names; a replayed token is refused. Resolves when the revocation has been shared with all
 * replicas, because the sender does not retry.
 * @param onUnshared called when the revocation holds in this process only
 * @throws STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED, STAGEDOOR_SESSION_STORE_UNAVAILABLE, STAGEDOOR_OIDC_UNAVAILABLE
 */
export async function takeLogoutToken(
  party: BackchannelParty,
  text: unknown,
  onUnshared: (token: LogoutToken, error: GatewayError) => void = () => undefined,
): Promise<LogoutToken> {
  const { verify, singleUse, revocations, now } = party
  if (typeof text !== 'string') throw new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason: 'missing' })
  const token = await verify(text)
  const name = `jti ${token.issuer} ${token.tokenId}`
  // Longer than the verifier accepts a token after its expiry.
  const lifetimeMs = token.expiresAtSeconds * 1000 - now() + maxClockDifferenceMs
  const isFirst = await singleUse.claim(name, lifetimeMs).catch(async (cause: unknown) => {
    // The store of used tokens does not answer. End the sessions in this process anyway: a replay does no harm.
    await revocations.revoke(revocationOf(token, now())).catch(() => undefined)
    throw unshared(cause)
  })
  if (!isFirst) throw new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason: 'replayed' })
  try {
    await revocations.revoke(revocationOf(token, now()))
  } catch (cause) {
    await singleUse.release(name)
    throw unshared(cause)
  }
  return token

  function unshared(cause: unknown): GatewayError {
    const error = storeUnavailable(cause)
    onUnshared(token, error)
    return error
  }
}

/** A logout token has less than 2 KiB. Our login service never sends more. */
const bodyLimit = 16_384

/** `POST /.stagedoor/backchannel-logout` (OIDC Back-Channel Logout 1.0 §2.5, §2.8): answers 200 when all replicas have been notified. */
export const backchannelLogout: FastifyPluginAsync<{ party: BackchannelParty }> = async (app, { party }) => {
  app.post('/backchannel-logout', { bodyLimit }, async (request, reply) => {
    const token = await takeLogoutToken(party, logoutTokenIn(request), (unshared, { code: reason }) =>
      app.audit.write(request, { ...eventOf(unshared), reason }),
    )
    app.audit.write(request, eventOf(token))
    return reply.code(200).header('cache-control', 'no-store').send()
  })
}

function eventOf({ sid, subject = '' }: LogoutToken) {
  return {
    event: 'revocation',
    channel: 'back-channel-logout',
    target: sid === undefined ? { subject } : { sid },
  } as const
}

/** §2.5: the token is a form field. The specification has no other encoding, so others are refused. */
function logoutTokenIn({ headers, body }: FastifyRequest): unknown {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason: 'content-type' })
  }
  return typeof body === 'object' && body !== null && 'logout_token' in body ? body.logout_token : undefined
}

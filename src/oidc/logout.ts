import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { tokenRevocation } from 'openid-client'

import type { Session } from '../session/session.ts'
import { endSessionUrl } from './end-session.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'

/**
 * Ends our session first, then what Auth0 holds: whatever fails there, here the person is signed out.
 * @param isEverywhere ends the person's sessions in all browsers
 */
export async function finishLogout(
  party: RelyingParty,
  request: FastifyRequest,
  reply: FastifyReply,
  isEverywhere: boolean,
): Promise<void> {
  const { session } = request
  const returnTo = safeReturnTo(returnToOf(request.body), party.baseUrl, party.prefix)
  if (isEverywhere && session !== undefined) await endAll(party, session, request.log)
  await request.server.sessions.end(request, reply)
  party.markers.write(reply, { kind: 'none' })
  if (session?.refreshToken !== undefined) await revoke(party, session.refreshToken, request.log)
  const isSwitch = isForAnotherAccount(request.body)
  // Without a session here there may still be one at the login service, which would sign the same person in again.
  const state = isSwitch ? loginNext + returnTo : returnTo
  const next = session === undefined && !isSwitch ? undefined : await providerLogout(party, session, state)
  // Takes pages of the portal out of the back button's reach (W3C Clear Site Data).
  reply.headers({ 'clear-site-data': '"cache"', 'cache-control': 'no-store' })
  reply.redirect(next ?? `${party.signedOutUri}?state=${encodeURIComponent(state)}`, 303)
}

/** What `state` begins with where a login follows the logout (“Use another account”). */
export const loginNext = 'login:'

function isForAnotherAccount(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'next' in body && body.next === 'login'
}

async function endAll({ revocations, now }: RelyingParty, session: Session, log: FastifyBaseLogger): Promise<void> {
  const { issuer, subject } = session
  try {
    await revocations.revoke({ issuer, subject, createdBefore: now() + 1 })
  } catch (error) {
    log.warn({ err: error }, 'other replicas could not hear of a sign-out everywhere yet')
  }
}

function returnToOf(body: unknown): string | undefined {
  const value = typeof body === 'object' && body !== null && 'return_to' in body ? body.return_to : undefined
  return typeof value === 'string' ? value : undefined
}

/** RFC 7009. A failure is logged, not shown: the token dies by its idle limit. */
async function revoke({ provider }: RelyingParty, refreshToken: string, log: FastifyBaseLogger): Promise<void> {
  try {
    await provider.call((configuration) =>
      tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }),
    )
  } catch (error) {
    log.warn({ err: error }, 'the refresh token of an ended session could not be revoked')
  }
}

async function providerLogout(
  party: RelyingParty,
  session: Session | undefined,
  returnTo: string,
): Promise<string | undefined> {
  const { clientId, signedOutUri } = party
  const metadata = await party.provider.metadata().catch(() => undefined)
  if (metadata === undefined) return undefined
  return endSessionUrl(metadata, { clientId, signedOutUri, returnTo, providerSessionId: session?.providerSessionId })
    ?.href
}

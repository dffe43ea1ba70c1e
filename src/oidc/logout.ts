import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { tokenRevocation, type ServerMetadata } from 'openid-client'

import type { Session } from '../session/session.ts'
import { capabilitiesOf } from './discovery.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'

/**
 * Ends our session first, then what Auth0 holds: whatever fails there, here the person is signed out.
 * @param isEverywhere ends the person's sessions in all browsers
 * @returns whether it did, in all replicas
 */
export async function finishLogout(
  party: RelyingParty,
  request: FastifyRequest,
  reply: FastifyReply,
  isEverywhere: boolean,
): Promise<boolean> {
  const { session } = request
  const fields = (request.body ?? {}) as Readonly<Record<string, unknown>>
  const returnTo = safeReturnTo(fields['return_to'], party.baseUrl, party.prefix)
  const isAllOver = isEverywhere && session !== undefined && (await endAll(party, session, request.log))
  await request.server.sessions.end(request, reply)
  party.markers.write(reply, { kind: 'none' })
  if (session?.refreshToken !== undefined) await revoke(party, session.refreshToken, request.log)
  // “Use another account”.
  const isSwitch = fields['next'] === 'login'
  // Without a session here there may still be one at the login service, which would sign the same person in again.
  const state = (isSwitch ? loginNextPrefix : isAllOver ? everywherePrefix : '') + returnTo
  const next = session === undefined && !isSwitch ? undefined : await providerLogout(party, session, state)
  // Clears cached pages of the portal, so that the back button does not show them (W3C Clear Site Data).
  reply.headers({ 'clear-site-data': '"cache"', 'cache-control': 'no-store' })
  reply.redirect(next ?? `${party.signedOutUri}?state=${encodeURIComponent(state)}`, 303)
  return isAllOver
}

/** Prefix of `state` when a login follows the logout (“Use another account”). */
export const loginNextPrefix = 'login:'
/** Prefix of `state` when all of the person's sessions have ended. */
export const everywherePrefix = 'everywhere:'

/** @returns whether all replicas know */
async function endAll({ revocations, now }: RelyingParty, session: Session, log: FastifyBaseLogger): Promise<boolean> {
  const { issuer, subject } = session
  try {
    await revocations.revoke({ issuer, subject, createdBefore: now() + 1 })
    return true
  } catch (error) {
    log.warn({ err: error }, 'a sign-out everywhere could not be sent to other replicas yet')
    return false
  }
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
  state: string,
): Promise<string | undefined> {
  const { clientId, signedOutUri } = party
  const metadata = await party.provider.metadata().catch(() => undefined)
  if (metadata === undefined) return undefined
  return endSessionUrl(metadata, { clientId, signedOutUri, state, providerSessionId: session?.providerSessionId })?.href
}

type EndSession = {
  clientId: string
  /** Where the provider sends the browser back to; must be among the Allowed Logout URLs. */
  signedOutUri: string
  /** Comes back to `signedOutUri`: what follows there, and the page to return to. */
  state: string
  /** The provider's own session id (ID token `sid`), if it named one. */
  providerSessionId?: string | undefined
}

/**
 * Where to send the browser so that the provider's session ends too: OIDC RP-Initiated Logout 1.0 §2 where discovered,
 * else Auth0's `/v2/logout`, which older tenants have only. `logout_hint` serves in place of an ID token, which we do
 * not keep and which would not belong in a URL.
 */
export function endSessionUrl(metadata: ServerMetadata, end: EndSession): URL | undefined {
  if (metadata.end_session_endpoint !== undefined) return rpInitiatedLogoutUrl(metadata.end_session_endpoint, end)
  return capabilitiesOf(metadata).endSession === 'auth0-v2-logout' ? auth0LogoutUrl(metadata, end) : undefined
}

function rpInitiatedLogoutUrl(endpoint: string, end: EndSession): URL {
  const url = new URL(endpoint)
  url.searchParams.set('client_id', end.clientId)
  url.searchParams.set('post_logout_redirect_uri', end.signedOutUri)
  url.searchParams.set('state', end.state)
  if (end.providerSessionId !== undefined) url.searchParams.set('logout_hint', end.providerSessionId)
  return url
}

function auth0LogoutUrl({ issuer }: ServerMetadata, end: EndSession): URL {
  // Auth0 leaves the query out when it looks for the URL in its list.
  const signedOut = new URL(end.signedOutUri)
  signedOut.searchParams.set('state', end.state)
  const url = new URL('v2/logout', issuer)
  url.searchParams.set('client_id', end.clientId)
  url.searchParams.set('returnTo', signedOut.href)
  return url
}

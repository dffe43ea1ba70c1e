import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { tokenRevocation, type ServerMetadata } from 'openid-client'

import type { Session } from '../session/session.ts'
import { capabilitiesOf } from './discovery.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'

/**
 * Ends our session first, then Auth0's session and refresh token. If Auth0 fails, the person is still signed out here.
 * @param isEverywhere whether to end the person's sessions in all browsers
 * @returns whether all sessions of the person have ended, in all replicas
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
  // Log out at the login service even without a session here: its own session would sign the same person in again.
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

/** @returns whether all replicas have been notified */
async function endAll({ revocations, now }: RelyingParty, session: Session, log: FastifyBaseLogger): Promise<boolean> {
  const { issuer, subject } = session
  try {
    await revocations.revoke({ issuer, subject, createdBefore: now() + 1 })
    return true
  } catch (error) {
    log.warn({ err: error }, 'a sign-out everywhere could not be sent to other replicas; will retry')
    return false
  }
}

/** Revokes a refresh token (RFC 7009). A failure is only logged: the token still expires by its idle limit. */
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
  /** Where the provider redirects the browser afterwards; must be among the Allowed Logout URLs. */
  signedOutUri: string
  /** Returned to `signedOutUri`: an optional prefix for what follows, then the page to return to. */
  state: string
  /** The provider's own session id (ID token `sid`), if there is one. */
  providerSessionId?: string | undefined
}

/**
 * The URL that ends the provider's session: the discovered endpoint (OIDC RP-Initiated Logout 1.0 §2), or else Auth0's
 * `/v2/logout`, the only one that older tenants have. `logout_hint` replaces the ID token, which we do not keep and which
 * does not belong in a URL.
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
  // Auth0 ignores the query when it compares the URL with its list of allowed URLs.
  const signedOut = new URL(end.signedOutUri)
  signedOut.searchParams.set('state', end.state)
  const url = new URL('v2/logout', issuer)
  url.searchParams.set('client_id', end.clientId)
  url.searchParams.set('returnTo', signedOut.href)
  return url
}

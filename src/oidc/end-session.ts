import type { ServerMetadata } from 'openid-client'

export type EndSession = {
  clientId: string
  /** Where the provider sends the browser back to; must be among the Allowed Logout URLs. */
  signedOutUri: string
  returnTo: string
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
  return isAuth0(metadata) ? auth0LogoutUrl(metadata, end) : undefined
}

function rpInitiatedLogoutUrl(endpoint: string, end: EndSession): URL {
  const url = new URL(endpoint)
  url.searchParams.set('client_id', end.clientId)
  url.searchParams.set('post_logout_redirect_uri', end.signedOutUri)
  url.searchParams.set('state', end.returnTo)
  if (end.providerSessionId !== undefined) url.searchParams.set('logout_hint', end.providerSessionId)
  return url
}

function auth0LogoutUrl({ issuer }: ServerMetadata, end: EndSession): URL {
  // Auth0 leaves the query out when it looks for the URL in its list.
  const signedOut = new URL(end.signedOutUri)
  signedOut.searchParams.set('state', end.returnTo)
  const url = new URL('v2/logout', issuer)
  url.searchParams.set('client_id', end.clientId)
  url.searchParams.set('returnTo', signedOut.href)
  return url
}

/** Only Auth0 has its token endpoint at `/oauth/token` and ends its issuer with a slash. */
function isAuth0({ issuer, token_endpoint }: ServerMetadata): boolean {
  return issuer.endsWith('/') && token_endpoint === `${issuer}oauth/token`
}

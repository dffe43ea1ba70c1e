import type { ServerMetadata } from 'openid-client'

/** The features of a tenant, as its discovery document says. docs/sessions.md names the substitute for a missing one. */
type Capabilities = {
  /** How to end the provider's own session: by the standard, by Auth0's older endpoint, or not at all. */
  endSession: 'rp-initiated-logout' | 'auth0-v2-logout' | 'none'
  /** Needs Auth0 Enterprise. Without it sessions end by Auth0's events, or at the latest at the next refresh. */
  backchannelLogout: 'offered' | 'not-offered'
  /** RFC 9126. Needs Auth0 Enterprise with Highly Regulated Identity. Without it logins use a plain request with PKCE. */
  pushedAuthorization: 'required' | 'offered' | 'not-offered'
}

export function capabilitiesOf(metadata: ServerMetadata): Capabilities {
  const { issuer, token_endpoint: tokenEndpoint, end_session_endpoint: endSession } = metadata
  // Only Auth0 has its token endpoint at `/oauth/token` and ends its issuer with a slash.
  const isAuth0 = issuer.endsWith('/') && tokenEndpoint === `${issuer}oauth/token`
  return {
    endSession: endSession !== undefined ? 'rp-initiated-logout' : isAuth0 ? 'auth0-v2-logout' : 'none',
    backchannelLogout: metadata['backchannel_logout_supported'] === true ? 'offered' : 'not-offered',
    pushedAuthorization: pushedAuthorizationOf(metadata),
  }
}

function pushedAuthorizationOf(metadata: ServerMetadata): Capabilities['pushedAuthorization'] {
  if (metadata.require_pushed_authorization_requests === true) return 'required'
  return metadata.pushed_authorization_request_endpoint === undefined ? 'not-offered' : 'offered'
}

/**
 * Checks that the issuer of a discovery document is exactly the configured one (OpenID Connect Discovery 1.0 §4.3). openid-client
 * ignores a final slash. But sessions store the provider's spelling, and Auth0's events end sessions of the configured one.
 * @throws TypeError
 */
export function checkIssuer({ issuer }: ServerMetadata, configured: string): void {
  if (issuer !== configured) throw new TypeError(`write auth0.issuer: ${issuer}, as the discovery document does`)
}

const required = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const optional = ['end_session_endpoint', 'pushed_authorization_request_endpoint'] as const

/**
 * Checks the addresses of a discovery document, so that no login fails because of one later.
 * @throws TypeError when a required address is missing, or an address is invalid or not https
 */
export function checkAddresses(metadata: ServerMetadata): void {
  const schemes = metadata.issuer.startsWith('http:') ? ['http:', 'https:'] : ['https:']
  const present = optional.filter((name) => metadata[name] !== undefined)
  for (const name of [...required, ...present]) {
    const address: unknown = metadata[name]
    const scheme = typeof address === 'string' ? URL.parse(address)?.protocol : undefined
    if (scheme === undefined || !schemes.includes(scheme)) {
      throw new TypeError(`the discovery document of ${metadata.issuer} has no usable ${name}`)
    }
  }
}

import type { ServerMetadata } from 'openid-client'

/** The features of a tenant, by its discovery document. docs/sessions.md names the substitute for a missing one. */
type Capabilities = {
  /** How the provider's own session is ended: as the standard says, Auth0's older way, or not at all. */
  endSession: 'rp-initiated-logout' | 'auth0-v2-logout' | 'none'
  /** Enterprise. Without it: events of Auth0, and at the latest the next refresh. */
  backchannelLogout: 'offered' | 'not-offered'
  /** RFC 9126; Enterprise with Highly Regulated Identity. Without it: a plain request with PKCE. */
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
 * The issuer of a discovery document is the configured one, to the letter (OpenID Connect Discovery 1.0 §4.3). openid-client
 * forgives a slash; but sessions have the provider's spelling, and Auth0's events end those of the configured one.
 * @throws TypeError
 */
export function checkIssuer({ issuer }: ServerMetadata, configured: string): void {
  if (issuer !== configured) throw new TypeError(`write auth0.issuer: ${issuer}, as the discovery document does`)
}

const required = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const optional = ['end_session_endpoint', 'pushed_authorization_request_endpoint'] as const

/**
 * Looks at the addresses of a discovery document once, so that no login stumbles over one later.
 * @throws TypeError when one that a login needs is missing, or when one is no address, or none by https
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

import type { Tenant } from './tenant.ts'

/** Auth0's discovery document: the issuer with its slash, and the endpoints on the issuer's host whoever asks. */
export function discoveryDocument({ issuer, settings }: Tenant): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    userinfo_endpoint: `${issuer}userinfo`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    ...(settings.advertiseEndSession ? { end_session_endpoint: `${issuer}oidc/logout` } : {}),
    ...(settings.advertiseBackchannelLogout
      ? { backchannel_logout_supported: true, backchannel_logout_session_supported: true }
      : {}),
    ...(settings.pushedAuthorization === 'none' ? {} : { pushed_authorization_request_endpoint: `${issuer}oauth/par` }),
    ...(settings.pushedAuthorization === 'required' ? { require_pushed_authorization_requests: true } : {}),
    ...(settings.sendIssuerOnCallback ? { authorization_response_iss_parameter_supported: true } : {}),
    scopes_supported: ['openid', 'profile', 'offline_access', 'name', 'nickname', 'email', 'email_verified', 'picture'],
    response_types_supported: ['code'],
    // Auth0 lists plain as well; a careful client refuses it all the same.
    code_challenge_methods_supported: ['S256', 'plain'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: [
      'aud',
      'auth_time',
      'email',
      'email_verified',
      'exp',
      'iat',
      'iss',
      'name',
      'nickname',
      'picture',
      'sub',
    ],
    request_uri_parameter_supported: false,
    request_parameter_supported: false,
  }
}

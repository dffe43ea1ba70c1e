import { decodeJwt } from 'jose'

/**
 * The `permissions` that Auth0 puts into the access token of an API with RBAC. The token came straight from the token
 * endpoint, so its signature is not checked again (as OIDC Core §3.1.3.7 item 6 says of ID tokens); it has to be of our
 * issuer and for our API all the same. A token that is not a JWT has none.
 */
export function accessTokenPermissions(
  accessToken: string,
  { issuer, audience }: { issuer: string; audience: string | undefined },
): string[] {
  if (audience === undefined) return []
  const claims = readClaims(accessToken)
  if (claims?.['iss'] !== issuer || ![claims['aud']].flat().includes(audience)) return []
  const { permissions } = claims
  return Array.isArray(permissions) ? permissions.filter((name) => typeof name === 'string') : []
}

function readClaims(token: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

import { decodeJwt } from 'jose'

import { listOf, type OnUnusable } from './claim-values.ts'

/**
 * The `permissions` that Auth0 puts into the access token of an API with RBAC. The token came straight from the token
 * endpoint, so its signature is not checked again (as OIDC Core §3.1.3.7 item 6 says of ID tokens); it has to be of our
 * issuer and for our API all the same. A token that is not a JWT has none.
 */
export function accessTokenPermissions(
  accessToken: string,
  { issuer, audience, report }: { issuer: string; audience: string | undefined; report?: OnUnusable },
): string[] {
  if (audience === undefined) return []
  const claims = readClaims(accessToken)
  if (claims?.['iss'] !== issuer || ![claims['aud']].flat().includes(audience)) return []
  return listOf('permissions', claims['permissions'], report ?? (() => undefined))
}

function readClaims(token: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

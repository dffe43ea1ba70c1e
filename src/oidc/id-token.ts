import { createHash } from 'node:crypto'

import { decodeProtectedHeader } from 'jose'

/**
 * Whether an ID token names the access token that came with it. `at_hash` is optional in the code flow, but a wrong one
 * says that the two do not belong together (OIDC Core §3.1.3.8).
 * @param atHash the claim of the verified ID token
 */
export function isAccessTokenNamed(atHash: unknown, idToken: string, accessToken: string): boolean {
  if (atHash === undefined) return true
  const { alg = '' } = decodeProtectedHeader(idToken)
  const hash = createHash(hashOf(alg)).update(accessToken).digest()
  return atHash === hash.subarray(0, hash.length / 2).toString('base64url')
}

/** RFC 7518 §3.1 has the length of the hash in the name; Ed25519 signs with SHA-512. */
function hashOf(algorithm: string): string {
  return `sha${/(?:256|384|512)$/.exec(algorithm)?.[0] ?? '512'}`
}

/**
 * Whether a login is for the requested organization: ids exactly, names regardless of case, as Auth0 compares
 * applications to check themselves. One token speaks of one organization.
 */
export function isLoginForOrganization(
  expected: string | undefined,
  claims: Readonly<Record<string, unknown>>,
): boolean {
  if (expected === undefined) return true
  if (expected.startsWith('org_')) return claims['org_id'] === expected
  const name = claims['org_name']
  return typeof name === 'string' && name.toLowerCase() === expected.toLowerCase()
}

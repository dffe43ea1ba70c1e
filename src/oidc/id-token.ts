import { createHash } from 'node:crypto'

import { decodeProtectedHeader } from 'jose'

/**
 * Whether the `at_hash` of an ID token matches the access token that came with it (OIDC Core §3.1.3.8). The claim is optional in
 * the code flow; a wrong one means that the tokens do not belong together.
 * @param atHash the claim of the verified ID token
 */
export function isAccessTokenNamed(atHash: unknown, idToken: string, accessToken: string): boolean {
  if (atHash === undefined) return true
  const { alg = '' } = decodeProtectedHeader(idToken)
  const hash = createHash(hashOf(alg)).update(accessToken).digest()
  return atHash === hash.subarray(0, hash.length / 2).toString('base64url')
}

/** Algorithm names end in the length of the hash (RFC 7518 §3.1). Ed25519 uses SHA-512. */
function hashOf(algorithm: string): string {
  return `sha${/(?:256|384|512)$/.exec(algorithm)?.[0] ?? '512'}`
}

/**
 * Whether a login is for the requested organization. Ids are compared exactly, names without regard to case. A token names
 * one organization.
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

type OrganizationClaims = Readonly<Record<string, unknown>>

/**
 * Whether a login is for the requested organization: ids exactly, names regardless of case, as Auth0 compares
 * applications to check themselves. One token speaks of one organization.
 */
export function isLoginForOrganization(expected: string | undefined, claims: OrganizationClaims): boolean {
  if (expected === undefined) return true
  if (expected.startsWith('org_')) return claims['org_id'] === expected
  const name = claims['org_name']
  return typeof name === 'string' && name.toLowerCase() === expected.toLowerCase()
}

import { entityNameOf, type AssertionClaims } from '@stagedoor/assertion-contract'

export type OwnershipClaim = 'roles' | 'groups'

/** The Backstage token claims of a person whom the catalog need not know: `sub`, and as `ent` the owned entity refs. */
export function entityClaimsOf(
  name: string,
  claims: Pick<AssertionClaims, OwnershipClaim>,
  ownershipFrom: readonly OwnershipClaim[],
): { sub: string; ent: string[] } {
  const sub = `user:default/${entityNameOf(name)}`
  const owners = ownershipFrom.flatMap((claim) => namesIn(claims[claim]))
  const groups = owners.map((owner) => `group:default/${entityNameOf(owner)}`)
  return { sub, ent: [...new Set([sub, ...groups])] }
}

/** A claim that is no list of names gives no ownership, rather than a failed login. */
function namesIn(claim: unknown): string[] {
  if (!Array.isArray(claim)) return []
  return claim.filter((name): name is string => typeof name === 'string' && name !== '')
}

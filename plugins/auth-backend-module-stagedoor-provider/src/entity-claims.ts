import { entityNameOf, ownershipRefOf, type AssertionClaims, type OwnershipClaim } from '@stagedoor/assertion-contract'

/** The Backstage token claims of a person whom the catalog need not know: `sub`, and as `ent` the owned entity refs. */
export function entityClaimsOf(
  name: string,
  claims: Pick<AssertionClaims, OwnershipClaim>,
  ownershipFrom: readonly OwnershipClaim[],
): { sub: string; ent: string[] } {
  const sub = `user:default/${entityNameOf(name)}`
  return { sub, ent: [...new Set([sub, ...ownedGroupsOf(claims, ownershipFrom)])] }
}

/**
 * What a catalog user owns: what the catalog says, and the groups of the claims. With `roles` among them, the roles that
 * the catalog read at its last import give way to those of now, so that one that was taken away is gone.
 */
export function ownershipOf(
  user: { catalogRefs: readonly string[]; catalogRoleRefs: readonly string[] },
  claims: Pick<AssertionClaims, OwnershipClaim>,
  ownershipFrom: readonly OwnershipClaim[],
): string[] {
  const outdated = new Set(ownershipFrom.includes('roles') ? user.catalogRoleRefs : [])
  const kept = user.catalogRefs.filter((ref) => !outdated.has(ref))
  return [...new Set([...kept, ...ownedGroupsOf(claims, ownershipFrom)])]
}

function ownedGroupsOf(
  claims: Pick<AssertionClaims, OwnershipClaim>,
  ownershipFrom: readonly OwnershipClaim[],
): string[] {
  return ownershipFrom.flatMap((claim) => namesIn(claims[claim]).map((name) => ownershipRefOf(claim, name)))
}

/** A claim that holds no names gives no ownership, rather than a failed login. */
function namesIn(claim: unknown): string[] {
  const names: unknown[] = Array.isArray(claim) ? claim : [claim]
  return names.filter((name): name is string => typeof name === 'string' && name !== '')
}

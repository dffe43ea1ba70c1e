import { entityNameOf } from './entity-name.ts'

/** Claims whose values a person may own in Backstage. */
export const ownershipClaims = ['roles', 'groups', 'permissions'] as const
export type OwnershipClaim = (typeof ownershipClaims)[number]

/**
 * The entity ref by which Backstage knows that somebody has a role, a group or a permission. A role and a group of the
 * same name are the same Group; a permission is none, so its ref names no entity and owns nothing.
 */
export function ownershipRefOf(claim: OwnershipClaim, value: string): string {
  return `${claim === 'permissions' ? 'auth0-permission' : 'group'}:default/${entityNameOf(value)}`
}

import { entityNameOf } from './entity-name.ts'

/** Claims whose values a person may own in Backstage. @public */
export const ownershipClaims = ['roles', 'groups', 'permissions', 'org_id'] as const
/** One of {@link ownershipClaims}. @public */
export type OwnershipClaim = (typeof ownershipClaims)[number]

/** The kind of the entity ref for each claim. Only a `group` is an entity; the other refs own nothing. */
const refKinds: Record<OwnershipClaim, string> = {
  roles: 'group',
  groups: 'group',
  permissions: 'auth0-permission',
  org_id: 'auth0-organization',
}

/**
 * The entity ref by which Backstage knows that somebody has a role, a group or a permission, or belongs to an
 * organization. A role and a group of the same name are the same Group.
 *
 * @public
 */
export function ownershipRefOf(claim: OwnershipClaim, value: string): string {
  return `${refKinds[claim]}:default/${entityNameOf(value)}`
}

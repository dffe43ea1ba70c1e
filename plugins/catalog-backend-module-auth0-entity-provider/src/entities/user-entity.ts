import type { UserEntity } from '@backstage/catalog-model'
import { auth0RoleGroupsAnnotation, auth0UserIdAnnotation, entityNameOf } from '@stagedoor/assertion-contract'

import type { Auth0User } from '../management/rows.ts'
import { locationAnnotations } from './annotations.ts'

/** Which member of a user names the entity. Only the id is unique; of two users of the same name one is left out. */
export const nameSources = ['user_id', 'email', 'username', 'nickname'] as const
export type NameSource = (typeof nameSources)[number]

/** A group that a user belongs to, as far as the user's entity shows it. */
export type Membership = { ref: string; isRole: boolean }

/** The User of an Auth0 user, or nothing where the member that should name it is missing. */
export function userEntityOf(
  user: Auth0User,
  memberships: readonly Membership[],
  nameFrom: NameSource,
): UserEntity | undefined {
  const name = user[nameFrom]
  if (!name) return undefined
  const displayName = user.name ?? user.nickname
  return {
    apiVersion: 'backstage.io/v1beta1',
    kind: 'User',
    metadata: { name: entityNameOf(name) },
    spec: {
      profile: {
        ...(displayName && { displayName }),
        ...(user.email && user.email_verified === true && { email: user.email }),
        ...(user.picture && { picture: user.picture }),
      },
      memberOf: memberships.map(({ ref }) => ref),
    },
  }
}

/** What no transformer may change: where the entity comes from, and whose it is. Sign-in relies on it. */
export function withUserOrigin(
  entity: UserEntity,
  { user_id: id }: Auth0User,
  memberships: readonly Membership[],
  providerId: string,
): UserEntity {
  const roles = memberships.filter(({ isRole }) => isRole).map(({ ref }) => ref)
  const { [auth0RoleGroupsAnnotation]: _roles, ...annotations } = entity.metadata.annotations ?? {}
  return {
    ...entity,
    kind: 'User',
    metadata: {
      ...entity.metadata,
      annotations: {
        ...annotations,
        ...locationAnnotations(providerId),
        [auth0UserIdAnnotation]: id,
        ...(roles.length > 0 && { [auth0RoleGroupsAnnotation]: roles.join(' ') }),
      },
    },
  }
}

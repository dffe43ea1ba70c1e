import type { GroupEntity } from '@backstage/catalog-model'
import { entityNameOf } from '@stagedoor/assertion-contract'

import type { Auth0Group } from '../management/groups.ts'
import { groupIdAnnotations, locationAnnotations } from './annotations.ts'

/** The Group of a role, group or organization. Its name is the one that sign-in gives to a role of that name. */
export function groupEntityOf(group: Auth0Group): GroupEntity {
  return {
    apiVersion: 'backstage.io/v1beta1',
    kind: 'Group',
    metadata: {
      name: entityNameOf(group.name),
      ...(group.description ? { description: group.description } : {}),
    },
    spec: {
      type: `auth0-${group.kind}`,
      profile: { displayName: group.display_name || group.name },
      children: [],
    },
  }
}

/** What no transformer may change: where the entity comes from, and whose it is. */
export function withGroupOrigin(entity: GroupEntity, { kind, id }: Auth0Group, providerId: string): GroupEntity {
  const annotations = {
    ...entity.metadata.annotations,
    ...locationAnnotations(providerId),
    [groupIdAnnotations[kind]]: id,
  }
  return { ...entity, kind: 'Group', metadata: { ...entity.metadata, annotations } }
}

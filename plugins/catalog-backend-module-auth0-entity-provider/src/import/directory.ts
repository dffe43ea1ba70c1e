import { stringifyEntityRef, type GroupEntity } from '@backstage/catalog-model'

import { groupEntityOf, withGroupOrigin } from '../entities/group-entity.ts'
import { ownerText } from '../entities/owner.ts'
import { groupKinds, readGroups, type Auth0Group } from '../management/groups.ts'
import type { ImportContext } from './context.ts'
import { takeName } from './take-name.ts'

/** A role, group or organization; the entity is missing where it lost its name to another one or is left out. */
export type DirectoryGroup = { group: Auth0Group; entity: GroupEntity | undefined; ref: string | undefined }

/** All groups of the tenant as they are now, without their members. */
export async function readDirectory(context: ImportContext): Promise<DirectoryGroup[]> {
  const directory: DirectoryGroup[] = []
  for (const kind of groupKinds.filter((one) => context.settings.groupsFrom.includes(one))) {
    for (const group of await readGroups(context.client, kind)) directory.push(await provideGroup(context, group))
  }
  return directory
}

/** The entity of one group, if no other one has its name. */
export async function provideGroup(context: ImportContext, group: Auth0Group): Promise<DirectoryGroup> {
  const { transformers, settings, logger } = context
  const transformed = await transformers.group(groupEntityOf(group), group)
  if (transformed === undefined) return { group, entity: undefined, ref: undefined }
  const entity = withGroupOrigin(transformed, group, settings.id)
  const ref = stringifyEntityRef(entity)
  const holder = await takeName(context, ref, ownerText(group))
  if (holder === undefined) return { group, entity, ref }
  // To share the name would make members of one members of the other, with all that those may do.
  logger.warn(`Auth0 ${ownerText(group)} ("${group.name}") is left out: ${ref} is ${holder} already`)
  return { group, entity: undefined, ref: undefined }
}

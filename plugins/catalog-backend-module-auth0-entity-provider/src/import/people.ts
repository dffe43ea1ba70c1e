import { stringifyEntityRef, type UserEntity } from '@backstage/catalog-model'

import { ownerText } from '../entities/owner.ts'
import { userEntityOf, withUserOrigin } from '../entities/user-entity.ts'
import { groupKinds, readGroupsOfUser, unlessGone } from '../management/groups.ts'
import { matchesQuery } from '../management/paging.ts'
import { userRow, type Auth0User } from '../management/rows.ts'
import type { ImportContext } from './context.ts'
import type { DirectoryGroup } from './directory.ts'
import { isWanted } from './filter.ts'
import { takeName } from './take-name.ts'

/** The entity of a user who passes the filter and whose name is free. */
export async function provideUser(
  context: ImportContext,
  user: Auth0User,
  groups: readonly DirectoryGroup[],
): Promise<UserEntity | undefined> {
  const { settings, transformers, logger } = context
  const owner = ownerText({ kind: 'user', id: user.user_id })
  const belongsTo = groups.map(({ group }) => group)
  if (!isWanted(user, belongsTo, settings.filter, settings.includeBlocked)) return undefined

  const memberships = groups.flatMap(({ group, ref }) => (ref ? [{ ref, isRole: group.kind === 'role' }] : []))
  const made = userEntityOf(user, memberships, settings.nameFrom)
  if (made === undefined) {
    logger.warn(`Auth0 ${owner} is left out: it has no ${settings.nameFrom} to name it`)
    return undefined
  }
  const transformed = await transformers.user(made, user)
  if (transformed === undefined) return undefined
  const entity = withUserOrigin(transformed, user, memberships, settings.id)
  const ref = stringifyEntityRef(entity)
  const holder = await takeName(context, ref, owner)
  if (holder === undefined) return entity
  logger.warn(`Auth0 ${owner} is left out: ${ref} is ${holder} already`)
  return undefined
}

/** Asks Auth0 for one user as it is now; undefined where it is gone or does not pass the filter. */
export async function readUser(
  context: ImportContext,
  userId: string,
  directory: readonly DirectoryGroup[],
): Promise<UserEntity | undefined> {
  const { client, settings } = context
  const user = await unlessGone(() =>
    client.get(`users/${encodeURIComponent(userId)}`, {
      fields: settings.userFields.join(','),
      include_fields: 'true',
    }),
  )
  if (user === undefined) return undefined
  const { query } = settings.filter
  if (query !== undefined && !(await matchesQuery(client, userId, query))) return undefined
  return provideUser(context, userRow.parse(user), await groupsOf(context, userId, directory))
}

async function groupsOf({ client, settings }: ImportContext, userId: string, directory: readonly DirectoryGroup[]) {
  const groups: DirectoryGroup[] = []
  for (const kind of groupKinds.filter((one) => settings.groupsFrom.includes(one))) {
    for (const { id } of await readGroupsOfUser(client, kind, userId)) {
      const known = directory.find(({ group }) => group.kind === kind && group.id === id)
      if (known) groups.push(known)
    }
  }
  return groups
}

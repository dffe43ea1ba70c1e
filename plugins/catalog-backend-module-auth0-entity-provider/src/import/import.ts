import { stringifyEntityRef, type Entity } from '@backstage/catalog-model'

import { readMemberIds } from '../management/groups.ts'
import { usersByCreation } from '../management/paging.ts'
import type { ImportContext } from './context.ts'
import { readDirectory, type DirectoryGroup } from './directory.ts'
import { searchQueryOf } from './filter.ts'
import { createMembershipIndex, type MembershipIndex } from './membership.ts'
import { provideUser } from './people.ts'
import { removeMissing } from './remove-missing.ts'

export type ImportReport = { users: number; groups: number; removed: number }

/** Entities that go into the catalog at once. */
const batchSize = 500

/**
 * Brings everybody and every group into the catalog, page by page, then removes what is gone. Whatever fails before the
 * end ends the import without removing anything; what was brought stays.
 *
 * @throws ManagementError and whatever the catalog throws
 */
export async function importTenant(context: ImportContext, signal?: AbortSignal): Promise<ImportReport> {
  await adoptExisting(context)
  const seen = new Set<string>()
  const add = async (entities: readonly Entity[]) => {
    signal?.throwIfAborted()
    await context.sink.apply({ added: entities })
    for (const entity of entities) seen.add(stringifyEntityRef(entity))
  }

  const directory = await readDirectory(context)
  const groups = directory.flatMap(({ entity }) => (entity ? [entity] : []))
  for (let start = 0; start < groups.length; start += batchSize) await add(groups.slice(start, start + batchSize))

  const membership = await readMembership(context, directory, signal)
  for await (const users of usersInBatches(context, directory, membership)) await add(users)

  const removed = await removeMissing(context, seen, directory, signal)
  return { users: seen.size - groups.length, groups: groups.length, removed }
}

/**
 * Reserves the names that entities have in the catalog, so that they keep them when new names are given. What this
 * process remembers may be outdated: the imports since may have been those of another instance.
 */
async function adoptExisting({ existing, names }: ImportContext): Promise<void> {
  names.clear()
  for await (const page of existing.all()) for (const { ref, owner } of page) names.claim(ref, owner)
}

async function readMembership(
  { client }: ImportContext,
  directory: readonly DirectoryGroup[],
  signal: AbortSignal | undefined,
): Promise<MembershipIndex> {
  const membership = createMembershipIndex()
  for (const [number, { group }] of directory.entries()) {
    for await (const userIds of readMemberIds(client, group)) {
      signal?.throwIfAborted()
      for (const userId of userIds) membership.add(userId, number)
    }
  }
  return membership
}

async function* usersInBatches(
  context: ImportContext,
  directory: readonly DirectoryGroup[],
  membership: MembershipIndex,
): AsyncGenerator<Entity[]> {
  const { client, settings } = context
  let batch: Entity[] = []
  const search = { query: searchQueryOf(settings.filter), fields: settings.userFields }
  for await (const users of usersByCreation(client, search)) {
    for (const user of users) {
      const groups = membership.of(user.user_id).flatMap((number) => directory[number] ?? [])
      const entity = await provideUser(context, user, groups)
      if (entity) batch.push(entity)
    }
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

import { stringifyEntityRef, type Entity } from '@backstage/catalog-model'
import { entityNameOf } from '@stagedoor/assertion-contract'

import { createNameRegistry } from '../entities/names.ts'
import { ownerText } from '../entities/owner.ts'
import type { ImportContext } from '../import/context.ts'
import { provideGroup, readDirectory, type DirectoryGroup } from '../import/directory.ts'
import { readUser } from '../import/people.ts'
import { readGroup } from '../management/groups.ts'
import type { Subject } from './event.ts'

/** For how long the list of groups serves events before it is read again, in ms. */
const directoryMaxAgeMs = 60_000

/** Makes the catalog say of one user or group what Auth0 says now. */
export type Refresh = (subject: Subject) => Promise<void>

export function createRefresh(context: ImportContext, nowMs: () => number = Date.now): Refresh {
  let directory: { groups: DirectoryGroup[]; readAtMs: number } | undefined

  async function currentDirectory(): Promise<DirectoryGroup[]> {
    if (directory === undefined || nowMs() - directory.readAtMs > directoryMaxAgeMs) {
      directory = { groups: await readDirectoryAsNamed(context), readAtMs: nowMs() }
    }
    return directory.groups
  }

  async function entityOf(subject: Subject): Promise<Entity | undefined> {
    if (subject.kind === 'user') return readUser(context, subject.id, await currentDirectory())
    if (!context.settings.groupsFrom.includes(subject.kind)) return undefined
    directory = undefined
    const group = await readGroup(context.client, subject.kind, subject.id)
    return group && (await provideGroup(context, group)).entity
  }

  return async (subject) => {
    const { sink, names, logger } = context
    const owner = ownerText(subject)
    const before = await refsOf(context, subject)
    const entity = await entityOf(subject)
    const ref = entity && stringifyEntityRef(entity)
    const holder = ref === undefined ? undefined : await context.existing.byRef(ref)
    if (holder !== undefined && holder.owner !== owner) {
      names.release(holder.ref)
      names.claim(holder.ref, holder.owner)
      logger.warn(`Auth0 ${owner} is left out: ${holder.ref} is ${holder.owner} already`)
      return
    }
    const removedRefs = before.filter((former) => former !== ref && (names.ownerOf(former) ?? owner) === owner)
    await sink.apply({ ...(entity && { added: [entity] }), removedRefs })
    for (const former of removedRefs) names.release(former)
  }
}

/**
 * The groups of the tenant with the names that they have in the catalog. An import gave these, perhaps in another process: who
 * was left out there must not get the name here, or its members would become members of another one.
 */
async function readDirectoryAsNamed(context: ImportContext): Promise<DirectoryGroup[]> {
  const names = createNameRegistry()
  for await (const page of context.existing.groups()) for (const { ref, owner } of page) names.claim(ref, owner)
  return readDirectory({ ...context, names, keepsNames: true })
}

/** The refs of this user or group in the catalog, and a ref that was added but that the catalog does not show yet. */
async function refsOf({ existing, settings }: ImportContext, subject: Subject): Promise<string[]> {
  const shown = (await existing.of(subject)).map(({ ref }) => ref)
  if (subject.kind !== 'user' || settings.nameFrom !== 'user_id') return shown
  return [...new Set([...shown, `user:default/${entityNameOf(subject.id)}`])]
}

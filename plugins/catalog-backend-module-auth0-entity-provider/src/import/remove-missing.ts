import { stringifyEntityRef, type Entity } from '@backstage/catalog-model'

import { parseOwner } from '../entities/owner.ts'
import { readGroup } from '../management/groups.ts'
import type { ImportContext } from './context.ts'
import { provideGroup, type DirectoryGroup } from './directory.ts'
import { readUser } from './people.ts'
import { decideRemovals } from './removals.ts'

/**
 * Removes those of our entities that the import has not seen. Auth0's search lags behind, so each one is asked for by
 * its id first: only who is gone, or no longer wanted, goes; who is there after all is brought.
 * A former name of somebody whom the import has seen goes, and is no loss.
 */
export async function removeMissing(
  context: ImportContext,
  seen: ReadonlySet<string>,
  directory: readonly DirectoryGroup[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const { names, settings, sink, logger } = context
  const known = [...names.refs()]
  const missing = known.filter((ref) => !seen.has(ref))
  const present = new Set([...seen].map((ref) => names.ownerOf(ref)))
  const renamed = new Set(missing.filter((ref) => present.has(names.ownerOf(ref))))
  const gone = missing.length - renamed.size
  const total = known.length - renamed.size
  const decision = decideRemovals(gone, total, settings.maxRemovalPercent)
  if (decision.kind === 'too-many') {
    logger.error(
      `Auth0 no longer shows ${gone} of the ${total} users and groups in the catalog ` +
        `(${decision.percent} %). Nothing was removed. If this is right, set ` +
        `catalog.providers.auth0.${settings.id}.maxRemovalPercent above that for one import.`,
    )
    return 0
  }
  let removed = 0
  for (const ref of missing) {
    signal?.throwIfAborted()
    const entity = renamed.has(ref) ? undefined : await entityOf(context, names.ownerOf(ref), directory)
    const isThereStill = entity !== undefined && stringifyEntityRef(entity) === ref
    await sink.apply(isThereStill ? { added: [entity] } : { removedRefs: [ref] })
    if (isThereStill) continue
    names.release(ref)
    removed += 1
  }
  return removed
}

/** The current state, in Auth0, of the user or group that an entity stands for. */
async function entityOf(
  context: ImportContext,
  ownerText: string | undefined,
  directory: readonly DirectoryGroup[],
): Promise<Entity | undefined> {
  const owner = ownerText === undefined ? undefined : parseOwner(ownerText)
  if (owner === undefined) return undefined
  if (owner.kind === 'user') return readUser(context, owner.id, directory)
  if (!context.settings.groupsFrom.includes(owner.kind)) return undefined
  const group = await readGroup(context.client, owner.kind, owner.id)
  return group && (await provideGroup(context, group)).entity
}

import { parseOwner } from '../entities/owner.ts'
import { groupKinds, readGroup, unlessGone } from '../management/groups.ts'
import type { ImportContext } from './context.ts'

type NamingContext = Pick<ImportContext, 'names' | 'existing' | 'client' | 'settings' | 'keepsNames'>

/**
 * Takes a name for `owner`, or gives the one who keeps it. Where this process remembers another one than the catalog
 * shows, the catalog is right: another instance of the backend has changed it.
 */
export async function takeName(context: NamingContext, ref: string, owner: string): Promise<string | undefined> {
  const { names, existing } = context
  const remembered = names.claim(ref, owner)
  if (remembered === undefined) return undefined
  const shown = await existing.byRef(ref)
  if (await givesWay(context, remembered, owner, shown?.owner)) {
    names.release(ref)
    return names.claim(ref, owner)
  }
  // A role has just taken the name of an organization that the catalog still shows.
  const isNewer = outranks(remembered, owner)
  if (shown === undefined || shown.owner === remembered || isNewer) return remembered
  names.release(ref)
  names.claim(ref, shown.owner)
  return names.claim(ref, owner)
}

/** An import takes a name from who is gone, or comes later in the order of kinds; until then members and names stay as they are. */
async function givesWay(
  context: NamingContext,
  holder: string,
  owner: string,
  shownOwner: string | undefined,
): Promise<boolean> {
  if (context.keepsNames === true) return false
  return outranks(owner, holder) || (holder === shownOwner && (await isGone(context, holder)))
}

/** Sign-in makes groups of roles, so a role must have its name, whoever was there first. */
function outranks(owner: string, other: string): boolean {
  return rankOf(owner) < rankOf(other)
}

function rankOf(owner: string): number {
  return groupKinds.findIndex((kind) => kind === parseOwner(owner)?.kind)
}

async function isGone({ client, settings }: NamingContext, holder: string): Promise<boolean> {
  const owner = parseOwner(holder)
  if (owner === undefined) return false
  const { kind, id } = owner
  if (kind !== 'user') return !settings.groupsFrom.includes(kind) || !(await readGroup(client, kind, id))
  const fields = { fields: 'user_id', include_fields: 'true' }
  return (await unlessGone(() => client.get(`users/${encodeURIComponent(id)}`, fields))) === undefined
}

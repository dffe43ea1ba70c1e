import type { ImportContext } from './context.ts'

/**
 * Takes a name for `owner`, or gives the one who has it. Where this process remembers another one than the catalog
 * shows, the catalog is right: another instance of the backend has changed it.
 */
export async function takeName(
  { names, existing }: Pick<ImportContext, 'names' | 'existing'>,
  ref: string,
  owner: string,
): Promise<string | undefined> {
  const remembered = names.claim(ref, owner)
  if (remembered === undefined) return undefined
  const shown = await existing.byRef(ref)
  if (shown === undefined || shown.owner === remembered) return remembered
  names.release(ref)
  names.claim(ref, shown.owner)
  return names.claim(ref, owner)
}

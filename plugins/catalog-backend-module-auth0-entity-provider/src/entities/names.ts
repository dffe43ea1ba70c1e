/** Which Auth0 id has which entity ref. Two ids never share one: the second is left out, and logged. */
export type NameRegistry = {
  /** Takes `ref` for `owner` (such as `user auth0|…`); gives the other one who has it already, or nothing. */
  claim: (ref: string, owner: string) => string | undefined
  release: (ref: string) => void
  clear: () => void
  ownerOf: (ref: string) => string | undefined
  /** Every ref that is taken. */
  refs: () => IterableIterator<string>
}

/** Refs are compared without case, as the catalog does. */
export function createNameRegistry(): NameRegistry {
  const owners = new Map<string, string>()
  return {
    claim(ref, owner) {
      const key = ref.toLowerCase()
      const holder = owners.get(key)
      if (holder !== undefined && holder !== owner) return holder
      owners.set(key, owner)
      return undefined
    },
    release: (ref) => void owners.delete(ref.toLowerCase()),
    clear: () => owners.clear(),
    ownerOf: (ref) => owners.get(ref.toLowerCase()),
    refs: () => owners.keys(),
  }
}

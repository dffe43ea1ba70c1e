/**
 * The groups of each user, for any number of users. Most people share their set of groups with many others,
 * so each set is kept once and a user costs a pointer to it.
 */
export type MembershipIndex = {
  add: (userId: string, group: number) => void
  /** Numbers of the groups that the user belongs to. */
  of: (userId: string) => readonly number[]
}

const none: readonly number[] = []

export function createMembershipIndex(): MembershipIndex {
  const sets = new Map<string, readonly number[]>()
  const setOf = new Map<string, readonly number[]>()

  return {
    add(userId, group) {
      const before = setOf.get(userId) ?? none
      if (before.includes(group)) return
      const key = before.length === 0 ? String(group) : `${before.join()},${group}`
      const after = sets.get(key) ?? [...before, group]
      sets.set(key, after)
      setOf.set(userId, after)
    },
    of: (userId) => setOf.get(userId) ?? none,
  }
}

import type { UserPrincipal } from '../identity/principal.ts'
import { compileStars } from '../oidc/map-user-claims.ts'

/** Selects the groups that upstreams get. In patterns, `*` matches any text. */
export type GroupFilterOptions = {
  include: readonly string[]
  exclude: readonly string[]
  /** The largest number of groups that is passed on. */
  max: number
}

/** The groups that are passed on, how many the patterns left out, and how many `max` left out. */
export type FilteredGroups = { passed: readonly string[]; filtered: number; capped: number }

/**
 * Makes the filter. Its result follows the order of the `include` patterns, and is sorted by name within each pattern, so that `max`
 * always leaves out the same groups.
 */
export function createGroupFilter({ include, exclude, max }: GroupFilterOptions) {
  const compile = (pattern: string) => compileStars(pattern, '.*')
  const included = include.map(compile)
  const excluded = exclude.map(compile)
  const rankOf = (group: string): number => included.findIndex((isMeant) => isMeant(group))
  return (groups: readonly string[]): FilteredGroups => {
    const meant = groups
      .filter((group) => !excluded.some((isMeant) => isMeant(group)))
      .map((group) => ({ group, rank: rankOf(group) }))
      .filter(({ rank }) => rank !== -1)
      .toSorted((a, b) => a.rank - b.rank || (a.group < b.group ? -1 : 1))
    const passed = meant.slice(0, max).map(({ group }) => group)
    return { passed, filtered: groups.length - meant.length, capped: meant.length - passed.length }
  }
}

/** Returns the user with only the groups that upstreams get. */
export type WithPassedGroups = (user: UserPrincipal) => UserPrincipal

/**
 * Leaves out the groups that upstreams do not get. The result is cached for each principal; a changed session gets a new principal
 * object.
 * @param onFiltered called when groups were left out, for the log and the metrics
 */
export function createPassedGroups(
  filter: ReturnType<typeof createGroupFilter>,
  onFiltered: (groups: FilteredGroups, user: UserPrincipal) => void,
): WithPassedGroups {
  const known = new WeakMap<UserPrincipal, UserPrincipal>()
  return (user) => {
    const before = known.get(user)
    if (before !== undefined) return before
    const groups = filter(user.claims.groups)
    const passed = { ...user, claims: { ...user.claims, groups: groups.passed } }
    known.set(user, passed)
    if (groups.filtered + groups.capped > 0) onFiltered(groups, user)
    return passed
  }
}

import type { UserPrincipal } from '../identity/principal.ts'
import type { FilteredGroups, FilterGroups } from './group-filter.ts'

/** The user with only those groups that are passed on to upstreams. */
export type WithPassedGroups = (user: UserPrincipal) => UserPrincipal

/**
 * Leaves out the groups that are not for upstreams; once for each principal, which is made anew whenever its session
 * changes.
 * @param onFiltered called when groups were left out, for the log and the metrics
 */
export function createPassedGroups(
  filter: FilterGroups,
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

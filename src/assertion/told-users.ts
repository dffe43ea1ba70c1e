import type { UserPrincipal } from '../identity/principal.ts'
import type { FilteredGroups, FilterGroups } from './group-filter.ts'

/** A person as upstreams are told of them. */
export type ToldUser = (user: UserPrincipal) => UserPrincipal

/**
 * Leaves out the groups that are not for upstreams; once for each principal, which is made anew whenever its session
 * changes.
 * @param onFiltered told when a principal had more groups than are passed on, for log and count
 */
export function createToldUsers(
  filter: FilterGroups,
  onFiltered: (groups: FilteredGroups, user: UserPrincipal) => void,
): ToldUser {
  const known = new WeakMap<UserPrincipal, UserPrincipal>()
  return (user) => {
    const before = known.get(user)
    if (before !== undefined) return before
    const groups = filter(user.claims.groups)
    const told = { ...user, claims: { ...user.claims, groups: groups.told } }
    known.set(user, told)
    if (groups.filtered + groups.capped > 0) onFiltered(groups, user)
    return told
  }
}

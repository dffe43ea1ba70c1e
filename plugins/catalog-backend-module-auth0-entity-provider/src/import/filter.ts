import type { Auth0Group } from '../management/groups.ts'
import { allOf, quoted } from '../management/paging.ts'
import type { Auth0User } from '../management/rows.ts'
import type { UserFilter } from '../settings.ts'

/** The part of the filter that Auth0's search applies; nothing where it takes everybody. */
export function searchQueryOf({ connection, query }: UserFilter): string | undefined {
  const parts = [connection === undefined ? undefined : `identities.connection:${quoted(connection)}`, query]
  const given = parts.filter((part) => part !== undefined)
  return given.length === 0 ? undefined : allOf(...given)
}

/** The part that a user's own fields and groups show. The search lags behind, so it is not asked about the connection of one user. */
export function isWanted(
  user: Auth0User,
  groups: readonly Auth0Group[],
  filter: UserFilter,
  includeBlocked: boolean,
): boolean {
  if (user.blocked === true && !includeBlocked) return false
  if (filter.connection !== undefined && !hasConnection(user, filter.connection)) return false
  return isMemberOfOne(groups, 'role', filter.roles) && isMemberOfOne(groups, 'organization', filter.organizations)
}

function hasConnection({ identities = [] }: Auth0User, name: string): boolean {
  return identities.some(({ connection }) => connection === name)
}

function isMemberOfOne(groups: readonly Auth0Group[], kind: string, names: readonly string[]): boolean {
  if (names.length === 0) return true
  return groups.some((group) => group.kind === kind && names.includes(group.name))
}

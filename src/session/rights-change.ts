import type { Session } from './session.ts'

/** What upstreams derive rights from. */
const rights = ['roles', 'groups', 'permissions'] as const

/** Whether a session gives its person other roles, groups or permissions than it did; their order does not count. */
export function haveRightsChanged(before: Pick<Session, 'claims'>, after: Pick<Session, 'claims'>): boolean {
  return rights.some((claim) => !isSameSet(before.claims[claim], after.claims[claim]))
}

function isSameSet(before: readonly string[], after: readonly string[]): boolean {
  const names = new Set(before)
  return new Set(after).size === names.size && after.every((name) => names.has(name))
}

import type { RouteConfig } from '../config/schema.ts'
import type { Requirement } from '../config/sections/requirement.ts'

/** The claims that rules ask for by name: sessions have to keep them. */
export function referencedClaims(routes: readonly RouteConfig[], ...others: readonly Requirement[]): string[] {
  const requirements = routes.map(({ allow }) => allow).filter((allow) => typeof allow === 'object')
  return [...new Set([...requirements, ...others].flatMap(claimsOf))]
}

function claimsOf(requirement: Requirement): string[] {
  if ('all' in requirement) return requirement.all.flatMap(claimsOf)
  if ('any' in requirement) return requirement.any.flatMap(claimsOf)
  if ('not' in requirement) return claimsOf(requirement.not)
  return 'claims' in requirement ? Object.keys(requirement.claims) : []
}

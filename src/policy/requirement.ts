import type { Requirement } from '../config/options/requirement.ts'
import type { RouteConfig } from '../config/schema.ts'
import type { KnownPrincipal } from './decision.ts'
import { type DenyReason, rankOf } from './deny-reasons.ts'
import { leafOf } from './requirement-leaf.ts'

/**
 * A compiled requirement: returns undefined when it is met, otherwise the reason why it is not.
 * @param now milliseconds since the epoch
 */
export type Check = (principal: KnownPrincipal, now: number) => DenyReason | undefined

/** Compiles a requirement into one closure. */
export function compileRequirement(requirement: Requirement): Check {
  if ('all' in requirement) return allOf(requirement.all.map(compileRequirement))
  if ('any' in requirement) return anyOf(requirement.any.map(compileRequirement))
  if ('not' in requirement) return noneOf(compileRequirement(requirement.not))
  const { isMet, reason } = leafOf(requirement)
  return (principal, now) => (isMet(principal, now) ? undefined : reason)
}

/** Returns the reason that comes first in `denyReasons`, so that the order of a rule's parts does not matter. */
function allOf(checks: readonly Check[]): Check {
  return (principal, now) => reasonsOf(checks, principal, now).at(0)
}

/** Returns the reason that comes last in `denyReasons`: the one that the person can most easily fix. */
function anyOf(checks: readonly Check[]): Check {
  return (principal, now) => {
    const reasons = reasonsOf(checks, principal, now)
    return reasons.length < checks.length ? undefined : reasons.at(-1)
  }
}

/** The reasons of the failed checks, in the order of `denyReasons`. */
function reasonsOf(checks: readonly Check[], principal: KnownPrincipal, now: number): DenyReason[] {
  const reasons = checks.map((check) => check(principal, now)).filter((reason) => reason !== undefined)
  return reasons.toSorted((one, other) => rankOf(one) - rankOf(other))
}

function noneOf(check: Check): Check {
  return (principal, now) => (check(principal, now) === undefined ? 'excluded' : undefined)
}

/** The claims that rules name. Sessions must keep them. */
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

/** A requirement on one line: `roles: platform-admin and mfa: a second factor within 15m`. */
export function requirementText(requirement: Requirement): string {
  if ('all' in requirement) return requirement.all.map(nested).join(' and ')
  if ('any' in requirement) return requirement.any.map(nested).join(' or ')
  if ('not' in requirement) return `not ${nested(requirement.not)}`
  const { name, wanted } = leafOf(requirement)
  return `${name}: ${wanted}`
}

function nested(requirement: Requirement): string {
  const text = requirementText(requirement)
  return 'all' in requirement || 'any' in requirement ? `(${text})` : text
}

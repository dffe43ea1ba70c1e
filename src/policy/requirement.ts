import type { Requirement } from '../config/sections/requirement.ts'
import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'
import { type DenyReason, denyReasons } from './decision.ts'

export type KnownPrincipal = UserPrincipal | MachinePrincipal

/**
 * A compiled requirement: nothing when it is met, else the reason why not.
 * @param now milliseconds since the epoch
 */
export type Check = (principal: KnownPrincipal, now: number) => DenyReason | undefined

/** Compiles a requirement once, at boot, into one closure. */
export function compileRequirement(requirement: Requirement): Check {
  if ('all' in requirement) return allOf(requirement.all.map(compileRequirement))
  if ('any' in requirement) return anyOf(requirement.any.map(compileRequirement))
  if ('not' in requirement) return noneOf(compileRequirement(requirement.not))
  return compileLeaf(requirement)
}

type Leaf = Exclude<Requirement, { all: unknown } | { any: unknown } | { not: unknown }>

function compileLeaf(leaf: Leaf): Check {
  if ('kind' in leaf) return meets('kind-mismatch', ({ kind }) => kind === leaf.kind)
  if ('roles' in leaf) return meets('role-missing', overlaps(leaf.roles, rolesOf))
  if ('groups' in leaf) return meets('group-missing', overlaps(leaf.groups, groupsOf))
  if ('permissions' in leaf) return meets('permission-missing', overlaps(leaf.permissions, permissionsOf))
  if ('scopes' in leaf) return meets('scope-missing', overlaps(leaf.scopes, scopesOf))
  if ('organizations' in leaf) return meets('organization-mismatch', overlaps(leaf.organizations, organizationOf))
  if ('emailDomains' in leaf) return meets('email-domain-mismatch', overlaps(leaf.emailDomains, emailDomainOf))
  if ('subjects' in leaf)
    return meets(
      'subject-mismatch',
      overlaps(leaf.subjects, ({ subject }) => [subject]),
    )
  if ('claims' in leaf) return meets('claim-mismatch', hasClaims(leaf.claims))
  const { within = Infinity } = leaf.mfa
  return meets('mfa-required', (principal, now) => hasMfa(principal, now, within))
}

function meets(reason: DenyReason, isMet: (principal: KnownPrincipal, now: number) => boolean): Check {
  return (principal, now) => (isMet(principal, now) ? undefined : reason)
}

/** Reports the reason that comes first in the list, so that it does not depend on how the rule was written. */
function allOf(checks: readonly Check[]): Check {
  return (principal, now) => {
    let first: DenyReason | undefined
    for (const check of checks) first = earlier(first, check(principal, now))
    return first
  }
}

/** Reports the reason nearest to being met, the last in the list: what the person can still do something about. */
function anyOf(checks: readonly Check[]): Check {
  return (principal, now) => {
    let last: DenyReason | undefined
    for (const check of checks) {
      const reason = check(principal, now)
      if (reason === undefined) return undefined
      if (last === undefined || rank(reason) > rank(last)) last = reason
    }
    return last
  }
}

function noneOf(check: Check): Check {
  return (principal, now) => (check(principal, now) === undefined ? 'excluded' : undefined)
}

function earlier(a: DenyReason | undefined, b: DenyReason | undefined): DenyReason | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  return rank(a) <= rank(b) ? a : b
}

function rank(reason: DenyReason): number {
  return denyReasons.indexOf(reason)
}

type Names = (principal: KnownPrincipal) => readonly string[]

function overlaps(wanted: readonly string[], namesOf: Names): (principal: KnownPrincipal) => boolean {
  const set = new Set(wanted)
  return (principal) => namesOf(principal).some((name) => set.has(name))
}

const rolesOf: Names = (principal) => (principal.kind === 'user' ? principal.claims.roles : [])
const groupsOf: Names = (principal) => (principal.kind === 'user' ? principal.claims.groups : [])
const permissionsOf: Names = (principal) =>
  principal.kind === 'user' ? principal.claims.permissions : principal.permissions
const scopesOf: Names = (principal) => (principal.kind === 'machine' ? principal.scopes : [])
const organizationOf: Names = (principal) => {
  const id = principal.kind === 'user' ? principal.claims.org_id : principal.organization
  return id === undefined ? [] : [id]
}
const emailDomainOf: Names = (principal) => {
  if (principal.kind !== 'user' || principal.claims.email_verified !== true) return []
  const { email = '' } = principal.claims
  return [email.slice(email.lastIndexOf('@') + 1).toLowerCase()]
}

type ClaimRequirement = Extract<Requirement, { claims: unknown }>['claims']

function hasClaims(wanted: ClaimRequirement): (principal: KnownPrincipal) => boolean {
  const entries = Object.entries(wanted).map(([name, values]) => [name, new Set<unknown>(values)] as const)
  return ({ claims }) =>
    entries.every(([name, values]) => holdsOneOf((claims as Record<string, unknown>)[name], values))
}

function holdsOneOf(value: unknown, values: ReadonlySet<unknown>): boolean {
  return Array.isArray(value) ? value.some((item) => values.has(item)) : values.has(value)
}

/** Without `auth_time` nothing proves how long ago the second factor was shown. */
function hasMfa(principal: KnownPrincipal, now: number, withinMs: number): boolean {
  if (principal.kind !== 'user' || !principal.amr.includes('mfa')) return false
  if (withinMs === Infinity) return true
  return principal.authTimeSeconds !== undefined && now - principal.authTimeSeconds * 1000 <= withinMs
}

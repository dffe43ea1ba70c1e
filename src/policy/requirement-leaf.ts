import type { Requirement } from '../config/options/requirement.ts'
import { compileClaimName, isClaimPattern } from '../oidc/map-user-claims.ts'
import type { KnownPrincipal, Question } from './decision.ts'
import type { DenyReason } from './deny-reasons.ts'
import { verifiedDomainOf } from './email-domain.ts'
import { mfaQuestion } from './mfa-condition.ts'

type ClaimRequirement = Extract<Requirement, { claims: unknown }>['claims']
type Claims = Readonly<Record<string, unknown>>

/** Is met if each named claim has one of the wanted values. A claim that is a list needs one matching entry. */
function claimQuestion(wanted: ClaimRequirement): Question {
  const tests = Object.entries(wanted).map(([name, values]) => ({
    name,
    valuesOf: claimReader(name),
    accepted: new Set<unknown>(values),
  }))
  return {
    wanted: Object.entries(wanted)
      .map(([name, values]) => `${name}: ${values.map(String).join(', ')}`)
      .join('; '),
    isMet: (principal) =>
      tests.every(({ valuesOf, accepted }) => valuesOf(principal).some((value) => accepted.has(value))),
    found: (principal) => tests.map(({ name, valuesOf }) => `${name}: ${shown(valuesOf(principal))}`).join('; '),
  }
}

/** Reads the values of a claim. The name may contain dots and slashes, and may be a pattern with `*`. */
function claimReader(name: string): (principal: KnownPrincipal) => readonly unknown[] {
  if (!isClaimPattern(name)) {
    return (principal) => sourcesOf(principal).flatMap((claims) => valuesAt(claims, name))
  }
  const isMeant = compileClaimName(name)
  return (principal) =>
    sourcesOf(principal).flatMap((claims) =>
      Object.keys(claims)
        .filter(isMeant)
        .flatMap((key) => valuesAt(claims, key)),
    )
}

/** Where a claim is looked up. For a person: claims that rules name, then claims that every session keeps. */
function sourcesOf(principal: KnownPrincipal): Claims[] {
  if (principal.kind === 'machine') return [principal.claims]
  const { custom, ...known } = principal.claims
  return custom === undefined ? [known] : [custom, known]
}

function valuesAt(claims: Claims, name: string): unknown[] {
  return Object.hasOwn(claims, name) ? [claims[name]].flat() : []
}

function shown(values: readonly unknown[]): string {
  return values.length === 0 ? 'none' : [...new Set(values.map((value) => JSON.stringify(value)))].join(', ')
}

/** A requirement that contains no other requirement. */
export type LeafRequirement = Exclude<Requirement, { all: unknown } | { any: unknown } | { not: unknown }>

/** The condition of one leaf. */
type Leaf = Question & {
  /** The key in the configuration: `roles`, `mfa` … */
  name: string
  reason: DenyReason
}

/** Compiles the condition of a leaf. */
export function leafOf(leaf: LeafRequirement): Leaf {
  if ('kind' in leaf) return oneOf('kind', 'kind-mismatch', [leaf.kind], ({ kind }) => [kind])
  if ('roles' in leaf) return oneOf('roles', 'role-missing', leaf.roles, rolesOf)
  if ('groups' in leaf) return oneOf('groups', 'group-missing', leaf.groups, groupsOf)
  if ('permissions' in leaf) return oneOf('permissions', 'permission-missing', leaf.permissions, permissionsOf)
  if ('scopes' in leaf) return oneOf('scopes', 'scope-missing', leaf.scopes, scopesOf)
  if ('organizations' in leaf)
    return oneOf('organizations', 'organization-mismatch', leaf.organizations, organizationOf)
  if ('emailDomains' in leaf) return oneOf('emailDomains', 'email-domain-mismatch', leaf.emailDomains, emailDomainOf)
  if ('subjects' in leaf) return oneOf('subjects', 'subject-mismatch', leaf.subjects, ({ subject }) => [subject])
  if ('claims' in leaf) return { name: 'claims', reason: 'claim-mismatch', ...claimQuestion(leaf.claims) }
  return { name: 'mfa', reason: 'mfa-required', ...mfaQuestion(leaf.mfa.within) }
}

type Names = (principal: KnownPrincipal) => readonly string[]

function oneOf(name: string, reason: DenyReason, wanted: readonly string[], namesOf: Names): Leaf {
  const set = new Set(wanted)
  return {
    name,
    reason,
    wanted: wanted.join(', '),
    isMet: (principal) => namesOf(principal).some((one) => set.has(one)),
    found: (principal) => listed(namesOf(principal)),
  }
}

/** How many names an explanation lists. */
const maxListed = 20

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const rest = names.length - maxListed
  return names.slice(0, maxListed).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
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
  const domain = principal.kind === 'user' ? verifiedDomainOf(principal.claims) : undefined
  return domain === undefined ? [] : [domain]
}

import type { Requirement } from '../config/sections/requirement.ts'
import { compileClaimName, isClaimPattern } from '../oidc/claim-name.ts'
import type { KnownPrincipal, Question } from './question.ts'

type ClaimRequirement = Extract<Requirement, { claims: unknown }>['claims']
type Claims = Readonly<Record<string, unknown>>

/** Every claim named has one of its values; a list as claim has, if one of its entries is. */
export function claimQuestion(wanted: ClaimRequirement): Question {
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

/** A name is one name, dots and slashes included, or a pattern of names with `*` in it. */
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

/** Of a person: the claims that rules name, and those that every session keeps. */
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

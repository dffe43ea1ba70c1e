import type { PathOddity } from '../boundary/request-target.ts'
import type { Requirement } from '../config/options/requirement.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision, KnownPrincipal } from './decision.ts'
import type { DenyReason } from './deny-reasons.ts'
import { type Asked, judge, type Rule, type Target, targetOf } from './first-matching-rule.ts'
import { leafOf } from './requirement-leaf.ts'

/** A requirement with its result: what each part wanted, and what the principal had. */
type RequirementTrace =
  | { kind: 'all' | 'any' | 'not'; isMet: boolean; parts: readonly RequirementTrace[] }
  | { kind: 'leaf'; isMet: boolean; name: string; reason: DenyReason; wanted: string; found: string }

/** Checks every part of a requirement, including parts that can no longer change the result. */
function traceRequirement(requirement: Requirement, principal: KnownPrincipal, now: number): RequirementTrace {
  const trace = (part: Requirement): RequirementTrace => traceRequirement(part, principal, now)
  if ('all' in requirement) {
    const parts = requirement.all.map(trace)
    return { kind: 'all', isMet: parts.every(({ isMet }) => isMet), parts }
  }
  if ('any' in requirement) {
    const parts = requirement.any.map(trace)
    return { kind: 'any', isMet: parts.some(({ isMet }) => isMet), parts }
  }
  if ('not' in requirement) {
    const part = trace(requirement.not)
    return { kind: 'not', isMet: !part.isMet, parts: [part] }
  }
  const { name, reason, wanted, isMet, found } = leafOf(requirement)
  return { kind: 'leaf', isMet: isMet(principal, now), name, reason, wanted, found: found(principal, now) }
}

/** Why a rule does not match: its condition, and the value of the request. */
type Mismatch = { what: 'path' | 'method' | 'host'; wanted: string; asked: string }

/** One rule that was tried. */
type RuleTrace =
  | { rule: string; isMatch: false; mismatches: readonly Mismatch[] }
  | { rule: string; isMatch: true; access: 'public' | 'authenticated' | 'requirement'; requirement?: RequirementTrace }

/** How a decision was made: each rule that was tried, in order, and why it did or did not match. */
export type Explanation = {
  asked: Asked
  decision: Decision
  rules: readonly RuleTrace[]
  /** Why the answer is 400 whatever the decision: no rule accepts the path as it is. */
  pathRefused?: PathOddity
}

/** Decides as the gateway does, and records the reasons. */
export function explain(rules: readonly Rule[], principal: Principal, asked: Asked, now: number): Explanation {
  const target = targetOf(asked)
  const tried: RuleTrace[] = []
  for (const rule of rules) {
    const mismatches = mismatchesOf(rule, asked, target)
    if (mismatches.length === 0) {
      tried.push(matched(rule, principal, now))
      return { asked, decision: judge(rule, principal, now), rules: tried }
    }
    tried.push({ rule: rule.route.name, isMatch: false, mismatches })
  }
  return { asked, decision: { effect: 'deny', reason: 'no-rule' }, rules: tried }
}

function mismatchesOf({ route, coversPath, coversMethod, coversHost }: Rule, asked: Asked, target: Target): Mismatch[] {
  const { path, methods = [], hosts = [] } = route
  const mismatches: Mismatch[] = []
  if (!coversPath(target.key)) mismatches.push({ what: 'path', wanted: path, asked: asked.path })
  if (!coversMethod(target.method)) mismatches.push({ what: 'method', wanted: methods.join(', '), asked: asked.method })
  if (!coversHost(target.host)) mismatches.push({ what: 'host', wanted: hosts.join(', '), asked: asked.host })
  return mismatches
}

function matched({ route: { name, allow } }: Rule, principal: Principal, now: number): RuleTrace {
  if (typeof allow === 'string') return { rule: name, isMatch: true, access: allow }
  return { rule: name, isMatch: true, access: 'requirement', ...traced(allow, principal, now) }
}

/** Requirements apply to users and machines only; anonymous and Backstage-only callers meet none. */
function traced(allow: Requirement, principal: Principal, now: number): { requirement?: RequirementTrace } {
  return principal.kind === 'anonymous' || principal.kind === 'backstage'
    ? {}
    : { requirement: traceRequirement(allow, principal, now) }
}

/** An explanation as lines of text. */
export function explanationLines({ asked, decision, rules, pathRefused }: Explanation): string[] {
  const width = Math.max(0, ...rules.map(({ rule }) => rule.length))
  return [
    `${asked.method} ${asked.path}${asked.host === '' ? '' : ` at ${asked.host}`}: ${decisionText(decision)}`,
    ...rules.flatMap((trace, index) => ruleLines(trace, index, width)),
    ...(decision.rule === undefined ? ['no rule matches, so access is refused'] : []),
    ...(pathRefused === undefined ? [] : [`400 whatever the rules decide: ${pathRefusedText(pathRefused)}`]),
  ]
}

/** Why a path is refused before its rule is applied, and what would allow it. */
export function pathRefusedText(reason: PathOddity): string {
  return `a path with ${reason} passes only where one rule with paths: as-is decides on each of its readings`
}

/** `allow by rule everything`, `deny role-missing by rule admin`. */
export function decisionText(decision: Decision): string {
  const verdict = decision.effect === 'allow' ? 'allow' : `deny ${decision.reason}`
  return decision.rule === undefined ? verdict : `${verdict} by rule ${decision.rule}`
}

function ruleLines(trace: RuleTrace, index: number, width: number): string[] {
  const head = `${String(index + 1).padStart(3)}. ${trace.rule.padEnd(width)}  `
  if (!trace.isMatch) {
    const why = trace.mismatches.map(({ what, wanted, asked }) => `${what} is ${asked}, not ${wanted}`)
    return [`${head}no match: ${why.join('; ')}`]
  }
  if (trace.requirement === undefined) return [`${head}match: ${accessTexts[trace.access]}`]
  return [`${head}match, with a requirement:`, ...requirementLines(trace.requirement, 2)]
}

const accessTexts = {
  public: 'it is public',
  authenticated: 'the caller is signed in',
  requirement: 'there is a requirement, and the caller is not signed in',
}

function requirementLines(trace: RequirementTrace, depth: number): string[] {
  const head = `${'    '.repeat(depth)}${trace.isMet ? '[x]' : '[ ]'} `
  if (trace.kind === 'leaf') return [`${head}${trace.name}: wanted ${trace.wanted}; has ${trace.found}`]
  const names = { all: 'all of', any: 'any of', not: 'not' }
  return [head + names[trace.kind], ...trace.parts.flatMap((part) => requirementLines(part, depth + 1))]
}

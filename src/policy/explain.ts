import type { PathOddity } from '../boundary/canonical-path.ts'
import type { Requirement } from '../config/sections/requirement.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from './decision.ts'
import { type Asked, judge, type Rule, type Target, targetOf } from './rules.ts'
import { type RequirementTrace, traceRequirement } from './trace.ts'

/** Why a rule does not match: its condition, and the value of the request. */
export type Mismatch = { what: 'path' | 'method' | 'host'; wanted: string; asked: string }

/** One rule that was tried. */
export type RuleTrace =
  | { rule: string; isMatch: false; mismatches: readonly Mismatch[] }
  | { rule: string; isMatch: true; access: 'public' | 'authenticated' | 'requirement'; requirement?: RequirementTrace }

/** The whole way to a decision: each rule tried, in order, and why it did or did not match. */
export type Explanation = {
  asked: Asked
  decision: Decision
  rules: readonly RuleTrace[]
  /** Why the answer is 400 whatever the decision, where no rule takes the path as it is. */
  pathRefused?: PathOddity
}

/** Decides as the gateway does, and keeps the reasons. */
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

import type { PermissionCondition, PermissionCriteria } from '@backstage/plugin-permission-common'

import type { Policy, Rule } from './rules.ts'
import type { When } from './when.ts'

/** What Backstage asks: may a person with these ownership refs do that? */
export type Question = {
  name: string
  resourceType: string | undefined
  action: string | undefined
  /** Ownership refs as sign-in issued them; missing for a caller who is not signed in. */
  refs: readonly string[] | undefined
}

/** Which resources: by a rule's conditions, by those that another policy gave, or by a combination of them. */
export type Criteria =
  | { kind: 'when'; when: When }
  | { kind: 'any' | 'all'; of: readonly [Criteria, Criteria] }
  | { kind: 'not'; of: Criteria }
  | { kind: 'given'; of: PermissionCriteria<PermissionCondition> }

/** The rules that took part, by name; none where the default decides. */
export type Decision =
  | { effect: 'allow' | 'deny'; rules: readonly string[] }
  | { effect: 'conditional'; criteria: Criteria; rules: readonly string[] }

/**
 * The answer of the first rule that matches. A rule with `when` decides for some resources only and leaves the
 * others to the rules after it, so the answer may be a condition made of several rules.
 *
 * @param otherwise - what holds where no rule matches; the policy's default if left out
 */
export function decide(
  policy: Policy,
  question: Question,
  otherwise: Decision = { effect: policy.default, rules: [] },
): Decision {
  if (question.refs === undefined) return { effect: 'deny', rules: [] }
  const rules = policy.rules.filter((rule) => isAbout(rule, question))
  return rules.reduceRight<Decision>(before, otherwise)
}

/** Puts a rule before what the rules after it decide. */
function before(rest: Decision, { name, effect, when }: Rule): Decision {
  if (when === undefined) return { effect, rules: [name] }
  if (rest.effect === effect) return rest
  const rules = [name, ...rest.rules]
  const these: Criteria = { kind: 'when', when }
  if (effect === 'allow') {
    const criteria: Criteria = rest.effect === 'conditional' ? { kind: 'any', of: [these, rest.criteria] } : these
    return { effect: 'conditional', criteria, rules }
  }
  const others: Criteria = { kind: 'not', of: these }
  const criteria: Criteria = rest.effect === 'conditional' ? { kind: 'all', of: [others, rest.criteria] } : others
  return { effect: 'conditional', criteria, rules }
}

function isAbout({ owners, what, when }: Rule, { name, resourceType, action, refs = [] }: Question): boolean {
  if (when !== undefined && resourceType !== when.resourceType) return false
  if (owners !== undefined && !owners.some((owner) => refs.includes(owner))) return false
  return isIn(what.names, name) && isIn(what.resourceTypes, resourceType) && isIn(what.actions, action)
}

function isIn(allowed: readonly string[] | undefined, given: string | undefined): boolean {
  return allowed === undefined || (given !== undefined && allowed.includes(given))
}

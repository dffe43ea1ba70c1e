import type { ReadPath } from '../boundary/request-target.ts'
import { upstreamOfRule } from '../config/derived-settings.ts'
import type { Requirement } from '../config/options/requirement.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Principal } from '../identity/principal.ts'
import type { SecondFactor } from '../oidc/second-factor.ts'
import { type AdminAccess, createAdminAccess } from './admin-access.ts'
import type { Deny } from './decision.ts'
import { type Explanation, explain } from './explain.ts'
import { type Asked, compileRule, type Decide, decideBy, passesAsIs } from './first-matching-rule.ts'
import { secondFactorOf } from './mfa-condition.ts'
import { type Refusal, refusal } from './missing-rights.ts'

/** What other stages and pages can ask about the rules. Times are in milliseconds since the epoch. */
export type Policy = AdminAccess & {
  decide: Decide
  /** The same decision with its reasons, for operators only. The path comes from `readPath`. */
  explain: (principal: Principal, asked: Asked & Pick<ReadPath, 'oddity'>, now: number) => Explanation
  /** Whether a path that servers may read differently is allowed. */
  passesAsIs: (asked: Asked, plainest: string) => boolean
  /** The second factor that the request requires, if it is all that is missing; undefined otherwise. */
  secondFactorFor: (principal: Principal, asked: Asked, now: number) => SecondFactor | undefined
  /** The part of a refusal that the refused person may see. */
  refusalFor: (principal: Principal, deny: Deny, now: number) => Refusal
}

type PolicyOptions = {
  routes: readonly RouteConfig[]
  /** By name. */
  upstreams: Readonly<Record<string, unknown>>
  admin: Config['admin']
  /** A person or team to ask for access, unless a rule names another. */
  contact: string
  /** Names of the rules that accept Backstage's own user tokens. */
  backstageTokenRules?: readonly string[]
}

/** Compiles the rules of a configuration. */
export function createPolicy(options: PolicyOptions): Policy {
  const { routes, upstreams, admin, contact, backstageTokenRules } = options
  const rules = routes.map((route) => compileRule(route, upstreamOfRule(route, upstreams), backstageTokenRules))
  const decide = decideBy(rules)

  function requirementOf(rule: string | undefined): Requirement | undefined {
    const allow = routes.find(({ name }) => name === rule)?.allow
    return typeof allow === 'object' ? allow : undefined
  }

  return {
    decide,
    passesAsIs: (asked, plainest) => passesAsIs(rules, asked, plainest),
    explain(principal, { method, path, host, oddity }, now) {
      const asked = { method, path, host }
      const explanation = explain(rules, principal, asked, now)
      const isPlain = oddity === undefined || passesAsIs(rules, asked, oddity.plainest)
      return isPlain ? explanation : { ...explanation, pathRefused: oddity.reason }
    },
    secondFactorFor(principal, asked, now) {
      const decision = decide(principal, asked, now)
      const isLacking = decision.effect === 'deny' && decision.reason === 'mfa-required'
      const requirement = isLacking && principal.kind === 'user' ? requirementOf(decision.rule) : undefined
      return requirement && secondFactorOf(requirement)
    },
    refusalFor(principal, { rule }, now) {
      const named = routes.find(({ name }) => name === rule)?.contact
      return refusal(requirementOf(rule), named ?? contact, principal, now)
    },
    ...createAdminAccess(admin.allow, contact),
  }
}

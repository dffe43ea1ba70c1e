import type { RequestFacts } from '../boundary/facts.ts'
import type { RouteConfig } from '../config/schema.ts'
import type { Principal } from '../identity/principal.ts'
import { type HostName, hostName, isAmongHosts } from '../rule-matching/hosts.ts'
import { coveredMethods } from '../rule-matching/methods.ts'
import { matchKey, createPathMatcher, type PathMatcher } from '../rule-matching/paths.ts'
import type { Allow, Decision, Deny } from './decision.ts'
import type { DenyReason } from './deny-reasons.ts'
import { type Check, compileRequirement } from './requirement.ts'

/** The parts of a request that rules compare. */
export type Asked = Pick<RequestFacts, 'method' | 'path' | 'host'>

/** Decides one request by the first rule that matches; denies it if none matches. `now` is in milliseconds. */
export type Decide = (principal: Principal, asked: Asked, now: number) => Decision

/** The form of a request that rules compare, computed once for all rules. */
export type Target = { key: string; method: string; host: HostName }

/** A rule, compiled. */
export type Rule = {
  route: RouteConfig
  /** The decision for a principal that the rule allows. */
  allowed: Allow
  coversPath: PathMatcher
  coversMethod: (method: string) => boolean
  coversHost: (host: HostName) => boolean
  /** Undefined for a public rule, which allows all callers. */
  check: Check | undefined
  /** Whether the rule accepts Backstage's own user tokens. */
  takesBackstageTokens: boolean
}

export function decideBy(rules: readonly Rule[]): Decide {
  return (principal, asked, now) => {
    const rule = firstMatch(rules, asked)
    return rule === undefined ? { effect: 'deny', reason: 'no-rule' } : judge(rule, principal, now)
  }
}

/**
 * @param upstream where the rule sends requests
 * @param backstageTokenRules names of the rules that accept Backstage's own user tokens
 */
export function compileRule(route: RouteConfig, upstream: string, backstageTokenRules: readonly string[] = []): Rule {
  const { path, hosts, allow } = route
  const methods = coveredMethods(route.methods)
  return {
    route,
    allowed: { effect: 'allow', rule: route.name, upstream, ...labelOf(route) },
    coversPath: createPathMatcher(path),
    coversMethod: (method) => methods === undefined || methods.has(method),
    coversHost: (host) => hosts === undefined || isAmongHosts(hosts, host),
    check: allow === 'public' ? undefined : allow === 'authenticated' ? () => undefined : compileRequirement(allow),
    takesBackstageTokens: backstageTokenRules.includes(route.name),
  }
}

export function targetOf({ path, method, host }: Asked): Target {
  return { key: matchKey(path), method, host: hostName(host) }
}

/** The rule that decides on a request; it does not depend on the caller. */
export function firstMatch(rules: readonly Rule[], asked: Asked): Rule | undefined {
  const { key, method, host } = targetOf(asked)
  return rules.find((rule) => rule.coversPath(key) && rule.coversMethod(method) && rule.coversHost(host))
}

/**
 * Whether a path that servers may read differently is allowed: its rule has `paths: as-is`, and is also the rule for the path's
 * plainest reading.
 */
export function passesAsIs(rules: readonly Rule[], asked: Asked, plainest: string): boolean {
  const rule = firstMatch(rules, asked)
  return rule?.route.paths === 'as-is' && firstMatch(rules, { ...asked, path: plainest }) === rule
}

/** The matching rule's decision for a principal. */
export function judge(rule: Rule, principal: Principal, now: number): Decision {
  const { route, allowed, check } = rule
  const reason = check === undefined ? undefined : objection(rule, check, principal, now)
  return reason === undefined ? allowed : { effect: 'deny', reason, rule: route.name, ...labelOf(route) }
}

function labelOf({ audit }: RouteConfig): Pick<Deny, 'label'> {
  return audit === undefined ? {} : { label: audit }
}

function objection(rule: Rule, check: Check, principal: Principal, now: number): DenyReason | undefined {
  if (principal.kind === 'anonymous') return 'unauthenticated'
  if (principal.kind !== 'backstage') return check(principal, now)
  if (!rule.takesBackstageTokens) return 'unauthenticated'
  // A Backstage token names its user, but no roles, groups or other facts that requirements check.
  return typeof rule.route.allow === 'object' ? 'kind-mismatch' : undefined
}

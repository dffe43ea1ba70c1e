import type { RequestFacts } from '../boundary/facts.ts'
import { type HostName, hostName, isAmongHosts } from '../config/rules/host-name.ts'
import { coveredMethods } from '../config/rules/methods.ts'
import { matchKey } from '../config/rules/path-pattern.ts'
import type { RouteConfig } from '../config/schema.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from './decision.ts'
import { compilePathPattern, type PathMatcher } from './path-pattern.ts'
import { type Check, compileRequirement } from './requirement.ts'

/** What of a request rules look at. */
export type Asked = Pick<RequestFacts, 'method' | 'path' | 'host'>

/** Decides one request: the first rule that matches, and where none does, deny. `now` in milliseconds. */
export type Decide = (principal: Principal, asked: Asked, now: number) => Decision

/** A request as rules compare it, worked out once for all of them. */
export type Target = { key: string; method: string; host: HostName }

/** A rule, compiled. */
export type Rule = {
  route: RouteConfig
  upstream: string
  coversPath: PathMatcher
  coversMethod: (method: string) => boolean
  coversHost: (host: HostName) => boolean
  /** Nothing for a public rule: there everybody passes. */
  check: Check | undefined
}

export function decideBy(rules: readonly Rule[]): Decide {
  return (principal, asked, now) => {
    const rule = firstMatch(rules, asked)
    return rule === undefined ? { effect: 'deny', reason: 'no-rule' } : judge(rule, principal, now)
  }
}

/** @param defaultUpstream where a rule goes that names none */
export function compileRule(route: RouteConfig, defaultUpstream: string): Rule {
  const { path, hosts, allow } = route
  const methods = coveredMethods(route.methods)
  return {
    route,
    upstream: route.upstream ?? defaultUpstream,
    coversPath: compilePathPattern(path),
    coversMethod: (method) => methods === undefined || methods.has(method),
    coversHost: (host) => hosts === undefined || isAmongHosts(hosts, host),
    check: allow === 'public' ? undefined : allow === 'authenticated' ? () => undefined : compileRequirement(allow),
  }
}

export function targetOf({ path, method, host }: Asked): Target {
  return { key: matchKey(path), method, host: hostName(host) }
}

function firstMatch(rules: readonly Rule[], asked: Asked): Rule | undefined {
  const { key, method, host } = targetOf(asked)
  return rules.find((rule) => rule.coversPath(key) && rule.coversMethod(method) && rule.coversHost(host))
}

/** What the rule that matched says of a principal. */
export function judge({ route: { name }, upstream, check }: Rule, principal: Principal, now: number): Decision {
  if (check !== undefined) {
    if (principal.kind === 'anonymous') return { effect: 'deny', reason: 'unauthenticated', rule: name }
    const reason = check(principal, now)
    if (reason !== undefined) return { effect: 'deny', reason, rule: name }
  }
  return { effect: 'allow', rule: name, upstream }
}

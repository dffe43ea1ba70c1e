import type { RequestFacts } from '../boundary/facts.ts'
import type { RouteConfig } from '../config/schema.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from './decision.ts'
import { compilePathPattern, type PathMatcher } from './path-pattern.ts'
import { type Check, compileRequirement } from './requirement.ts'

/** What of a request rules look at. */
export type Asked = Pick<RequestFacts, 'method' | 'path' | 'host'>

/** Decides one request: the first rule that matches, and where none does, deny. `now` in milliseconds. */
export type Decide = (principal: Principal, asked: Asked, now: number) => Decision

type Rule = {
  name: string
  upstream: string
  covers: (asked: Asked) => boolean
  access: 'public' | Check
}

/** @param defaultUpstream where rules go that name none */
export function compileRules(routes: readonly RouteConfig[], defaultUpstream: string): Decide {
  const rules = routes.map((route) => compileRule(route, defaultUpstream))
  return (principal, asked, now) => {
    for (const rule of rules) if (rule.covers(asked)) return judge(rule, principal, now)
    return { effect: 'deny', reason: 'no-rule' }
  }
}

function compileRule({ name, path, methods, hosts, allow, upstream }: RouteConfig, defaultUpstream: string): Rule {
  return {
    name,
    upstream: upstream ?? defaultUpstream,
    covers: coverage(compilePathPattern(path), methods, hosts),
    access: allow === 'public' ? 'public' : allow === 'authenticated' ? () => undefined : compileRequirement(allow),
  }
}

function coverage(
  coversPath: PathMatcher,
  methods: readonly string[] | undefined,
  hosts: readonly string[] | undefined,
): (asked: Asked) => boolean {
  if (methods === undefined && hosts === undefined) return ({ path }) => coversPath(path)
  return ({ method, host, path }) =>
    (methods?.includes(method) ?? true) && (hosts?.includes(host) ?? true) && coversPath(path)
}

function judge({ name, upstream, access }: Rule, principal: Principal, now: number): Decision {
  if (access !== 'public') {
    if (principal.kind === 'anonymous') return { effect: 'deny', reason: 'unauthenticated', rule: name }
    const reason = access(principal, now)
    if (reason !== undefined) return { effect: 'deny', reason, rule: name }
  }
  return { effect: 'allow', rule: name, upstream }
}

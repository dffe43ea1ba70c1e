import { readPath } from '../../boundary/request-target.ts'
import type { PolicyConfig } from '../../config/load-policy.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Asked } from '../../policy/first-matching-rule.ts'
import { hypotheticalPrincipal } from '../../policy/hypothetical-principal.ts'
import { createPolicy, type Policy } from '../../policy/policy.ts'
import { referencedClaims } from '../../policy/requirement.ts'

/** Applies the rules as the gateway does, for callers described by claims. */
export type Engine = Policy & {
  principal: (claims: Readonly<Record<string, unknown>>) => Principal
  /** The reason if a request gets 400 because of its path, whatever the rules say; otherwise undefined. */
  refusalOf: (asked: Asked) => string | undefined
}

/** @param now milliseconds since the epoch */
export function createEngine(config: PolicyConfig, now: number): Engine {
  const { routes, admin, claims } = config
  const names = { ...claims, custom: referencedClaims(routes, admin.allow) }
  const policy = createPolicy(config)
  return {
    ...policy,
    principal: (described) => hypotheticalPrincipal(described, names, now),
    // As in the gateway, rules match the path with unreserved characters decoded.
    decide(principal, asked, at) {
      const read = readPath(asked.path)
      return policy.decide(principal, typeof read === 'string' ? asked : { ...asked, path: read.path }, at)
    },
    refusalOf(asked) {
      const read = readPath(asked.path)
      if (typeof read === 'string') return read
      const { path, oddity } = read
      return oddity === undefined || policy.passesAsIs({ ...asked, path }, oddity.plainest) ? undefined : oddity.reason
    },
  }
}

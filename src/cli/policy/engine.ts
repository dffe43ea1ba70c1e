import { refusalOfPath } from '../../boundary/canonical-path.ts'
import type { PolicyConfig } from '../../config/load-policy.ts'
import type { Principal } from '../../identity/principal.ts'
import { createPolicy, type Policy } from '../../policy/policy.ts'
import { principalFromClaims } from '../../policy/principal-from-claims.ts'
import { referencedClaims } from '../../policy/referenced-claims.ts'

/** The rules as the gateway would apply them, for people described by claims. */
export type Engine = Policy & {
  principal: (claims: Readonly<Record<string, unknown>>) => Principal
  /** Why a path never gets as far as the rules, if it does not. */
  refusalOf: (path: string) => string | undefined
}

/** @param now milliseconds since the epoch */
export function createEngine(config: PolicyConfig, now: number): Engine {
  const { routes, admin, claims, encodedSlashes } = config
  const names = { ...claims, custom: referencedClaims(routes, admin.allow) }
  return {
    ...createPolicy(config),
    principal: (described) => principalFromClaims(described, names, now),
    refusalOf: (path) => refusalOfPath(path, encodedSlashes),
  }
}

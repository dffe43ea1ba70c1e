import { defaultUpstream } from '../config/default-upstream.ts'
import type { Config } from '../config/schema.ts'
import type { ClaimNames } from '../oidc/claims.ts'
import { createPolicy, type Policy } from '../policy/policy.ts'
import { referencedClaims } from '../policy/requirement.ts'

/** Compiles the rules of a configuration. */
export function provisionPolicy({ routes, upstreams, admin, policy, machines }: Config): Policy {
  return createPolicy({
    routes,
    defaultUpstream: defaultUpstream(upstreams) ?? 'backstage',
    admin,
    contact: policy.contact,
    backstageTokenRules: machines.backstageTokens.rules,
  })
}

/** The claims to keep of a token, at login and at each refresh: those that are configured, and those that rules name. */
export function claimNamesOf({ auth0, routes, admin }: Config): ClaimNames {
  return { ...auth0.claims, custom: referencedClaims(routes, admin.allow), audience: auth0.audience }
}

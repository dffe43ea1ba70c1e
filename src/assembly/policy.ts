import type { FastifyRequest } from 'fastify'

import type { Config } from '../config/schema.ts'
import type { ClaimNames } from '../oidc/map-user-claims.ts'
import { createPolicy, type Policy } from '../policy/policy.ts'
import { referencedClaims } from '../policy/requirement.ts'

/** Compiles the rules of a configuration. */
export function provisionPolicy({ routes, upstreams, admin, policy, machines }: Config): Policy {
  return createPolicy({
    routes,
    upstreams,
    admin,
    contact: policy.contact,
    backstageTokenRules: machines.backstageTokens.rules,
  })
}

/**
 * Whether the front page lets a caller in, once signed in and with a second factor; no page offers a way that ends in a refusal.
 * @param now milliseconds since the epoch
 */
export function createIsPortalOpen({ decide }: Pick<Policy, 'decide'>, now: () => number) {
  return ({ principal, facts }: Pick<FastifyRequest, 'principal' | 'facts'>): boolean => {
    // The boundary refuses before the caller is known.
    if (principal === undefined || facts === undefined) return true
    const decision = decide(principal, { method: 'GET', path: '/', host: facts.host }, now())
    return decision.effect === 'allow' || decision.reason === 'unauthenticated' || decision.reason === 'mfa-required'
  }
}

/** The claims to keep of a token, at login and at each refresh: those that are configured, and those that rules name. */
export function claimNamesOf({ auth0, routes, admin }: Config): ClaimNames {
  return { ...auth0.claims, custom: referencedClaims(routes, admin.allow), audience: auth0.audience }
}

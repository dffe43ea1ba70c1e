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
 * Whether the rules would let this caller open the front page, assuming a login or second factor where one is missing. Pages
 * link to the front page only then, so that no link leads to a refusal.
 * @param now milliseconds since the epoch
 */
export function createIsPortalOpen({ decide }: Pick<Policy, 'decide'>, now: () => number) {
  return ({ principal, facts }: Pick<FastifyRequest, 'principal' | 'facts'>): boolean => {
    // When the boundary refuses a request, its caller is not known yet.
    if (principal === undefined || facts === undefined) return true
    const decision = decide(principal, { method: 'GET', path: '/', host: facts.host }, now())
    return decision.effect === 'allow' || decision.reason === 'unauthenticated' || decision.reason === 'mfa-required'
  }
}

/** The claims to keep from a token, at login and at each refresh: those that are configured, and those that rules name. */
export function claimNamesOf({ auth0, routes, admin }: Config): ClaimNames {
  return { ...auth0.claims, custom: referencedClaims(routes, admin.allow), audience: auth0.audience }
}

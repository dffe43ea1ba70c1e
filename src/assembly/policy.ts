import { createGroupFilter } from '../assertion/group-filter.ts'
import { createPassedGroups, type WithPassedGroups } from '../assertion/passed-groups.ts'
import { defaultUpstream } from '../config/default-upstream.ts'
import type { Config } from '../config/schema.ts'
import type { ClaimNames } from '../oidc/claims.ts'
import { createPolicy, type Policy } from '../policy/policy.ts'
import { referencedClaims } from '../policy/referenced-claims.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** The rules of a configuration, compiled. */
export function provisionPolicy({ routes, upstreams, admin, policy, machines }: Config): Policy {
  return createPolicy({
    routes,
    defaultUpstream: defaultUpstream(upstreams) ?? 'backstage',
    admin,
    contact: policy.contact,
    backstageTokenRules: machines.backstageTokens.rules,
  })
}

/** Where claims are found, and which others rules ask for: at login and at each refresh alike. */
export function claimNamesOf({ auth0, routes, admin }: Config): ClaimNames {
  return { ...auth0.claims, custom: referencedClaims(routes, admin.allow), audience: auth0.audience }
}

/** People as upstreams are told of them; what is left out is counted. */
export function provisionPassedGroups({ assertion }: Config, logger: Logger, metrics: Metrics): WithPassedGroups {
  return createPassedGroups(createGroupFilter(assertion.groups), ({ filtered, capped }, { sessionId }) => {
    metrics.groupsLeftOut(filtered, capped)
    const level = capped > 0 ? 'warn' : 'debug'
    logger[level]({ session: sessionId, filtered, capped }, 'upstreams are not told of every group (assertion.groups)')
  })
}

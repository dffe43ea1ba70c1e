import type { AssertionClaims } from '../../packages/assertion-contract/src/index.ts'
import type { UserPrincipal } from '../identity/principal.ts'
import type { Issue } from './minter.ts'

/** The claims about a user. Empty lists are left out to keep the header small. */
export function assertionClaims(user: UserPrincipal, issue: Issue): AssertionClaims {
  // Custom claims are only for Stagedoor's rules. The contract with upstreams does not include them.
  const { roles, groups, permissions, custom: _, ...profile } = user.claims
  return {
    iss: issue.issuer,
    aud: issue.audience,
    sub: user.subject,
    iat: issue.issuedAtSeconds,
    exp: issue.issuedAtSeconds + issue.lifetimeSeconds,
    jti: issue.id,
    sid: user.sessionId,
    kind: 'user',
    ...profile,
    ...(roles.length > 0 && { roles }),
    ...(groups.length > 0 && { groups }),
    ...(permissions.length > 0 && { permissions }),
    ...(user.authTimeSeconds !== undefined && { auth_time: user.authTimeSeconds }),
    ...(user.amr.length > 0 && { amr: user.amr }),
  }
}

// This folder: the stage that signs a statement about the caller.

import type { AssertionClaims, MachineClaims } from '../../packages/assertion-contract/src/index.ts'
import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'

/** The claims of a statement that do not depend on its subject. */
export type Issue = {
  issuer: string
  audience: string
  issuedAtSeconds: number
  lifetimeSeconds: number
  /** Unique id of this assertion (`jti`). */
  id: string
}

/** The claims about a person; empty lists are left out to keep the header small. */
export function assertionClaims(user: UserPrincipal, issue: Issue): AssertionClaims {
  // Custom claims are for our rules only: the contract does not promise them to upstreams.
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

/** Long enough to reach the upstream; for access tokens that end while they are on the way. */
const minLifetimeSeconds = 10

/** The claims about a machine, for Backstage. They expire with the machine's access token, but live at least `minLifetimeSeconds`. */
export function machineClaims(machine: MachinePrincipal, issue: Issue): MachineClaims {
  const { scopes, permissions, organization } = machine
  const latest = Math.max(Math.floor(machine.expiresAt / 1000), issue.issuedAtSeconds + minLifetimeSeconds)
  return {
    iss: issue.issuer,
    aud: issue.audience,
    sub: machine.clientId,
    iat: issue.issuedAtSeconds,
    exp: Math.min(issue.issuedAtSeconds + issue.lifetimeSeconds, latest),
    jti: issue.id,
    kind: 'machine',
    client_iss: machine.issuer,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(permissions.length > 0 && { permissions }),
    ...(organization !== undefined && { org_id: organization }),
  }
}

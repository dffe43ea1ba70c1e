import type { MachineClaims } from '../../packages/assertion-contract/src/index.ts'
import type { MachinePrincipal } from '../identity/principal.ts'
import type { Issue } from './minter.ts'

/** Long enough to reach the upstream, even if the access token expires on the way. */
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

import { parseDuration } from '../config/values/quantities.ts'
import type { MachinePrincipal, Principal, UserPrincipal } from '../identity/principal.ts'
import { listOf, textOf } from '../oidc/claim-values.ts'
import { clientOf, isMachine } from '../oidc/machine-or-person.ts'
import { type ClaimNames, mapUserClaims } from '../oidc/map-user-claims.ts'

type Claims = Readonly<Record<string, unknown>>

/**
 * The principal for these claims of an ID token or access token, under Auth0's names or ours (`roles`, `groups`, `permissions`,
 * `scopes`). `kind: machine` gives a machine, and so do claims that the gateway recognizes as a machine's. No claims give an
 * anonymous principal. `mfa: 5m` means a second factor five minutes ago.
 * @param now milliseconds since the epoch
 */
export function hypotheticalPrincipal(claims: Claims, names: ClaimNames, now: number): Principal {
  if (Object.keys(claims).length === 0) return { kind: 'anonymous' }
  return claims['kind'] === 'machine' || isMachine(claims) ? machineOf(claims) : userOf(claims, names, now)
}

function machineOf(claims: Claims): MachinePrincipal {
  const organization = textOf('org_id', claims['org_id'])
  return {
    kind: 'machine',
    issuer: textOf('iss', claims['iss']) ?? '',
    subject: textOf('sub', claims['sub']) ?? 'machine@clients',
    clientId: clientOf(claims) ?? 'machine',
    scopes: [...listOf('scopes', claims['scopes']), ...(textOf('scope', claims['scope'])?.split(' ') ?? [])],
    permissions: listOf('permissions', claims['permissions']),
    // The claims are a question about rules, not a token, so they do not expire.
    expiresAt: Infinity,
    claims,
    ...(organization !== undefined && { organization }),
  }
}

function userOf(claims: Claims, names: ClaimNames, now: number): UserPrincipal {
  const authTimeSeconds = authTimeOf(claims, now)
  return {
    kind: 'user',
    issuer: textOf('iss', claims['iss']) ?? '',
    subject: textOf('sub', claims['sub']) ?? 'user',
    sessionId: textOf('sid', claims['sid']) ?? '',
    claims: mapUserClaims(claims, withOwnNames(names)),
    amr: claims['mfa'] === undefined ? listOf('amr', claims['amr']) : ['mfa'],
    ...(authTimeSeconds !== undefined && { authTimeSeconds }),
  }
}

/** Adds our names as fallbacks for the configured ones. */
function withOwnNames(names: ClaimNames): ClaimNames {
  return {
    ...names,
    roles: [...names.roles, 'roles'],
    groups: [...names.groups, 'groups'],
    permissions: [...names.permissions, 'permissions'],
  }
}

function authTimeOf({ mfa, auth_time: authTime }: Claims, now: number): number | undefined {
  const agoMs = typeof mfa === 'string' ? parseDuration(mfa) : undefined
  if (agoMs !== undefined) return (now - agoMs) / 1000
  return typeof authTime === 'number' ? authTime : undefined
}

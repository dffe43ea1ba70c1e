import { parseDuration } from '../config/values/quantities.ts'
import type { MachinePrincipal, Principal, UserPrincipal } from '../identity/principal.ts'
import { type ClaimNames, mapUserClaims } from '../oidc/map-user-claims.ts'

type Claims = Readonly<Record<string, unknown>>

/**
 * The principal that these claims would make: claims of an ID token or access token, under Auth0's names or ours
 * (`roles`, `groups`, `permissions`, `scopes`). `kind: machine` or a client-credentials token is a machine, an empty
 * list of claims is anonymous; `mfa: 5m` stands for a second factor shown five minutes ago.
 * @param now milliseconds since the epoch
 */
export function hypotheticalPrincipal(claims: Claims, names: ClaimNames, now: number): Principal {
  if (Object.keys(claims).length === 0) return { kind: 'anonymous' }
  return isMachine(claims) ? machineOf(claims) : userOf(claims, names, now)
}

function isMachine({ kind, gty }: Claims): boolean {
  return kind === 'machine' || gty === 'client-credentials'
}

function machineOf(claims: Claims): MachinePrincipal {
  const { azp, client_id: clientId = azp } = claims
  const organization = textOf(claims['org_id'])
  return {
    kind: 'machine',
    issuer: textOf(claims['iss']) ?? '',
    subject: textOf(claims['sub']) ?? 'machine@clients',
    clientId: textOf(clientId) ?? 'machine',
    scopes: [...listOf(claims['scopes']), ...(textOf(claims['scope'])?.split(' ') ?? [])],
    permissions: listOf(claims['permissions']),
    // A question about rules, not a token: nothing expires.
    expiresAt: Infinity,
    claims,
    ...(organization !== undefined && { organization }),
  }
}

function userOf(claims: Claims, names: ClaimNames, now: number): UserPrincipal {
  const authTimeSeconds = authTimeOf(claims, now)
  return {
    kind: 'user',
    issuer: textOf(claims['iss']) ?? '',
    subject: textOf(claims['sub']) ?? 'user',
    sessionId: textOf(claims['sid']) ?? '',
    claims: mapUserClaims(claims, withOwnNames(names)),
    amr: claims['mfa'] === undefined ? listOf(claims['amr']) : ['mfa'],
    ...(authTimeSeconds !== undefined && { authTimeSeconds }),
  }
}

/** Our names serve where a token's own are not there. */
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

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function listOf(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string' && item !== '') as string[]
}

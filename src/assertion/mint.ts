import { SignJWT } from 'jose'

import { assertionAlgorithm, type AssertionClaims } from '../../packages/assertion-contract/src/index.ts'
import type { UserPrincipal } from '../identity/principal.ts'
import type { SigningKey } from './signing-key.ts'

export type Issue = {
  issuer: string
  audience: string
  issuedAtSeconds: number
  lifetimeSeconds: number
  /** Unique id of this assertion (`jti`). */
  id: string
}

/** The claims about the caller; empty lists are left out to keep the header small. */
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

/** Signs claims as a compact JWS (RFC 7515, ES256) of a type of ours. */
export function signStatement(claims: object, type: string, key: SigningKey): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: assertionAlgorithm, kid: key.kid, typ: type })
    .sign(key.privateKey)
}

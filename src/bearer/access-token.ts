import { listOf, type OnUnusable, textOf } from '../oidc/claim-values.ts'
import { clientOf } from '../oidc/machine-or-person.ts'

/** The token in `Authorization: Bearer` (RFC 6750 §2.1); undefined without the header, or for another scheme. */
export function bearerTokenIn(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^bearer(?:\s|$)/i.test(authorization)) return undefined
  return authorization.slice('bearer'.length).trim()
}

/** A verified access token of a machine (RFC 9068, or Auth0's own profile). */
export type AccessToken = {
  issuer: string
  subject: string
  clientId: string
  scopes: readonly string[]
  permissions: readonly string[]
  organization?: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  claims: Readonly<Record<string, unknown>>
}

/** A verified user token issued by Backstage. */
export type BackstageUser = {
  issuer: string
  /** Entity reference, e.g. `user:default/jane`. */
  entityRef: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

type Claims = Readonly<Record<string, unknown>>

/** Maps claims that passed every check. The client is in `azp` (Auth0) or `client_id` (RFC 9068 §2.2). */
export function accessTokenOf(claims: Claims, report?: OnUnusable): AccessToken {
  const organization = textOf('org_id', claims['org_id'], report)
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    clientId: clientOf(claims) ?? '',
    scopes: textOf('scope', claims['scope'], report)?.split(' ').filter(Boolean) ?? [],
    permissions: listOf('permissions', claims['permissions'], report),
    ...(organization !== undefined && { organization }),
    expiresAt: Number(claims['exp']) * 1000,
    claims,
  }
}

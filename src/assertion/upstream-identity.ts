import type {} from 'fastify'

import type { UserClaims } from '../session/session.ts'

/** The header fields that carry the caller's identity to an upstream. Only Stagedoor may write them. */
export type UpstreamIdentity = {
  /** Flat list `[name, value, name, value, …]`, ready to be appended to the upstream's header list. */
  headers: readonly string[]
  /** True when `headers` contains `Authorization`; the client's own `Authorization` is then not forwarded. */
  replacesAuthorization: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    upstreamIdentity: UpstreamIdentity | undefined
  }
}

/**
 * The unsigned headers that Backstage's stock `oauth2Proxy` provider trusts. Safe only when nothing except Stagedoor can
 * reach the upstream.
 * @returns flat list of names and values
 */
export function oauth2ProxyHeaders(subject: string, claims: UserClaims): string[] {
  const headers = ['X-Forwarded-User', subject]
  if (claims.email !== undefined && claims.email_verified === true) headers.push('X-Forwarded-Email', claims.email)
  if (claims.preferred_username !== undefined) headers.push('X-Forwarded-Preferred-Username', claims.preferred_username)
  if (claims.groups.length > 0) headers.push('X-Forwarded-Groups', claims.groups.join(','))
  // Header fields are ASCII (RFC 9110 §5.5); other characters are percent-encoded.
  return headers.map((text) => text.replace(/[^\x20-\x7e]/gu, encodeURIComponent))
}

import type {} from 'fastify'

import type { AccessToken } from '../bearer/access-token.ts'
import type { UserClaims } from '../session/user-claims.ts'

export type UserPrincipal = {
  kind: 'user'
  issuer: string
  /** Auth0 user id, e.g. `auth0|64f…`. */
  subject: string
  /** Reference to the session (the assertion's `sid`), never the cookie's value. */
  sessionId: string
  claims: UserClaims
  /** When the person last authenticated, seconds since the epoch. */
  authTimeSeconds?: number
  /** Authentication methods of that login (RFC 8176). */
  amr: readonly string[]
}

/** A program, by the access token that it was verified with. */
export type MachinePrincipal = { kind: 'machine' } & AccessToken

/**
 * A person known to Backstage only, by a user token of its own. Passes rules that take such tokens, and has no roles
 * that a requirement could ask for.
 */
export type BackstagePrincipal = {
  kind: 'backstage'
  issuer: string
  /** Entity reference, e.g. `user:default/jane`. */
  subject: string
}

export type AnonymousPrincipal = { kind: 'anonymous' }

/** The caller of a request. */
export type Principal = UserPrincipal | MachinePrincipal | BackstagePrincipal | AnonymousPrincipal

export const anonymous: AnonymousPrincipal = Object.freeze({ kind: 'anonymous' })

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
  }
}

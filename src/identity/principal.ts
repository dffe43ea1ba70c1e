import type {} from 'fastify'

import type { AccessToken, BackstageUser } from '../bearer/access-token.ts'
import type { Accepted, Foreign } from '../bearer/profiles.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Session, UserClaims } from '../session/session.ts'

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

/** A program, identified by its verified access token. */
export type MachinePrincipal = { kind: 'machine' } & AccessToken

/**
 * A person who sent one of Backstage's own user tokens, and is known to Backstage only. Only rules that accept such tokens allow
 * this principal. It has no roles that a requirement could check.
 */
export type BackstagePrincipal = {
  kind: 'backstage'
  issuer: string
  /** Entity reference, e.g. `user:default/jane`. */
  subject: string
}

type AnonymousPrincipal = { kind: 'anonymous' }

/** The caller of a request. */
export type Principal = UserPrincipal | MachinePrincipal | BackstagePrincipal | AnonymousPrincipal

export const anonymous: AnonymousPrincipal = Object.freeze({ kind: 'anonymous' })

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
  }
}

/** Sessions and tokens are immutable, so a principal is created once for each. */
const principals = new WeakMap<object, Principal>()

/**
 * The principal that a request's credentials identify; anonymous without credentials.
 * @throws STAGEDOOR_IDENTITY_TWO_CREDENTIALS when both session and token identify the caller
 */
export function principalOf(session: Session | undefined, bearer?: Accepted | Foreign): Principal {
  if (session === undefined) return principalOfToken(bearer)
  if (bearer?.kind === 'machine') throw new GatewayError('STAGEDOOR_IDENTITY_TWO_CREDENTIALS')
  return made(session, userOf)
}

function principalOfToken(bearer: Accepted | Foreign | undefined): Principal {
  if (bearer?.kind === 'machine') return made(bearer.token, machineOf)
  if (bearer?.kind === 'backstage') return made(bearer.user, backstageOf)
  return anonymous
}

function made<Source extends object>(source: Source, make: (source: Source) => Principal): Principal {
  const known = principals.get(source)
  if (known !== undefined) return known
  const principal = make(source)
  principals.set(source, principal)
  return principal
}

function userOf({ issuer, subject, id, claims, authTimeSeconds, amr }: Session): UserPrincipal {
  const user: UserPrincipal = { kind: 'user', issuer, subject, sessionId: id, claims, amr }
  return authTimeSeconds === undefined ? user : { ...user, authTimeSeconds }
}

function machineOf(token: AccessToken): MachinePrincipal {
  return { kind: 'machine', ...token }
}

function backstageOf({ issuer, entityRef }: BackstageUser): BackstagePrincipal {
  return { kind: 'backstage', issuer, subject: entityRef }
}

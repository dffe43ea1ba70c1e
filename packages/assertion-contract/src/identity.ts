import type { AssertionClaims } from './assertion.ts'

/** Claim of Backstage's user information that keeps what Auth0 said of the person when they signed in. @public */
export const auth0IdentityClaim = 'auth0'

/** The claims of an assertion that are about the person, and not about the assertion itself. */
const identityClaimNames = [
  'sub',
  'email',
  'email_verified',
  'name',
  'preferred_username',
  'roles',
  'groups',
  'permissions',
  'org_id',
  'org_name',
  'auth_time',
  'amr',
] as const satisfies readonly (keyof Auth0Identity)[]

/**
 * A person's identity at Auth0, as backend plugins and frontends see it. Lists are empty where Auth0 says nothing.
 *
 * @public
 */
export type Auth0Identity = {
  /** Auth0 user id, e.g. `auth0|64f…`. */
  sub: string
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
  roles: string[]
  groups: string[]
  permissions: string[]
  org_id?: string
  org_name?: string
  /** When the person last proved who they are, in seconds since the epoch. */
  auth_time?: number
  /** How they did (RFC 8176). */
  amr?: string[]
}

/** What an assertion says about the person. @public */
export function auth0IdentityOf(claims: AssertionClaims): Auth0Identity {
  const known = identityClaimNames.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]])
  return identityFrom(Object.fromEntries(known) as Auth0Identity)
}

/** The identity in a value of unknown origin, or undefined where it holds none. @public */
export function readAuth0Identity(value: unknown): Auth0Identity | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('sub' in value) || typeof value.sub !== 'string') return undefined
  return identityFrom(value as Auth0Identity)
}

/** Whether the person has this role, or one of these. @public */
export function hasRole(identity: Auth0Identity, role: string | readonly string[]): boolean {
  return hasClaim(identity, 'roles', role)
}

/** Whether a claim has this value, or one of these; a claim that is a list, whether it holds one of them. @public */
export function hasClaim(
  identity: Auth0Identity,
  name: string,
  value: string | number | boolean | readonly string[],
): boolean {
  const claim: unknown = Object.hasOwn(identity, name) ? identity[name as keyof Auth0Identity] : undefined
  const held: unknown[] = Array.isArray(claim) ? claim : [claim]
  const wanted: unknown[] = Array.isArray(value) ? value : [value]
  return wanted.some((one) => held.includes(one))
}

function identityFrom(claims: Auth0Identity): Auth0Identity {
  return {
    ...claims,
    roles: namesIn(claims.roles),
    groups: namesIn(claims.groups),
    permissions: namesIn(claims.permissions),
  }
}

function namesIn(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string' && name !== '') : []
}

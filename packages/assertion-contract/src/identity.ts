import type { AssertionClaims } from './assertion.ts'

/** Claim of Backstage's user information that keeps what Auth0 said of the person when they signed in. */
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
] as const

/** Who somebody is by Auth0, as backend plugins and frontends see it. The lists are empty where Auth0 says nothing. */
export type Auth0Identity = Omit<Pick<AssertionClaims, (typeof identityClaimNames)[number]>, ListClaim | 'amr'> &
  Record<ListClaim, string[]> & { amr?: string[] }

type ListClaim = 'roles' | 'groups' | 'permissions'

export function auth0IdentityOf(claims: AssertionClaims): Auth0Identity {
  const known = identityClaimNames.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]])
  return identityFrom(Object.fromEntries(known) as Auth0Identity)
}

/** The identity in a value of unknown origin, or undefined where it holds none. */
export function readAuth0Identity(value: unknown): Auth0Identity | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('sub' in value) || typeof value.sub !== 'string') return undefined
  return identityFrom(value as Auth0Identity)
}

/** Whether the person has this role, or one of these. */
export function hasRole(identity: Auth0Identity, role: string | readonly string[]): boolean {
  return hasClaim(identity, 'roles', role)
}

/** Whether a claim has this value, or one of these; a claim that is a list, whether it holds one of them. */
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

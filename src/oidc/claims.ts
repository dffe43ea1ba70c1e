import type { UserClaims } from '../session/user-claims.ts'
import { compileClaimName } from './claim-name.ts'

/**
 * Full claim names to look under, the first found wins; of several claims that one pattern means, the first by
 * alphabet, so that it does not depend on the order in a token.
 */
export type ClaimNames = {
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  preferredUsername: readonly string[]
  /** Claims to keep as they are, because rules name them. */
  custom?: readonly string[]
  /** Audience of the access token, whose `permissions` (Auth0 RBAC) count when the ID token has none. */
  audience?: string | undefined
}

type Claims = Readonly<Record<string, unknown>>

/** Maps an ID token's claims to what a session keeps; values of the wrong type count as missing. */
export function mapUserClaims(claims: Claims, names: ClaimNames): UserClaims {
  const texts = {
    email: textOf(claims['email']),
    name: textOf(claims['name']),
    preferred_username: textOf(firstOf(claims, names.preferredUsername)),
    picture: textOf(claims['picture']),
    org_id: textOf(claims['org_id']),
    org_name: textOf(claims['org_name']),
  }
  return {
    ...withoutMissing(texts),
    ...(typeof claims['email_verified'] === 'boolean' ? { email_verified: claims['email_verified'] } : {}),
    roles: listOf(firstOf(claims, names.roles)),
    groups: listOf(firstOf(claims, names.groups)),
    permissions: listOf(firstOf(claims, names.permissions)),
    ...customOf(claims, names.custom ?? []),
  }
}

function firstOf(claims: Claims, names: readonly string[]): unknown {
  for (const candidate of names) {
    const [name] = namesMeant(claims, candidate)
    if (name !== undefined) return claims[name]
  }
  return undefined
}

function namesMeant(claims: Claims, pattern: string): string[] {
  const isMeant = compileClaimName(pattern)
  return Object.keys(claims)
    .filter((name) => isMeant(name) && claims[name] !== undefined)
    .toSorted()
}

function customOf(claims: Claims, patterns: readonly string[]): { custom?: Claims } {
  const names = patterns.flatMap((pattern) => namesMeant(claims, pattern)).filter((name) => isComparable(claims[name]))
  if (names.length === 0) return {}
  return { custom: Object.fromEntries(names.map((name) => [name, claims[name]])) }
}

/** Rules compare single values; anything deeper would only make sessions big. */
function isComparable(value: unknown): boolean {
  return [value].flat().every((item) => ['string', 'number', 'boolean'].includes(typeof item))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function listOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (!Array.isArray(value)) return []
  return [...new Set(value.filter((item): item is string => typeof item === 'string' && item !== ''))]
}

function withoutMissing<T extends Record<string, string | undefined>>(record: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string
  }
}

import type { UserClaims } from '../session/user-claims.ts'

/** Full claim names to look under, the first found wins. */
export type ClaimNames = {
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  preferredUsername: readonly string[]
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
  }
}

function firstOf(claims: Claims, names: readonly string[]): unknown {
  const name = names.find((candidate) => claims[candidate] !== undefined)
  return name === undefined ? undefined : claims[name]
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

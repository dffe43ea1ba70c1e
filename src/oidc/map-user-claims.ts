import { decodeJwt } from 'jose'

import type { UserClaims } from '../session/session.ts'
import { booleanOf, isComparable, listOf, type OnUnusable, textOf, wellFormed } from './claim-values.ts'

/** Whether a claim name in the configuration is a pattern. `*` matches anything but a slash, e.g. the host of a namespace. */
export function isClaimPattern(name: string): boolean {
  return name.includes('*')
}

/** Returns a test whether a claim matches a name or pattern. Dots and slashes are part of the name, not a path into the claim. */
export function compileClaimName(pattern: string): (name: string) => boolean {
  return isClaimPattern(pattern) ? compileStars(pattern, '[^/]*') : (name) => name === pattern
}

/** @param star the regular expression that each `*` stands for */
export function compileStars(pattern: string, star: string): (text: string) => boolean {
  const parts = pattern.split('*').map((part) => RegExp.escape(part))
  const expression = new RegExp(`^${parts.join(star)}$`, 's')
  return (text) => expression.test(text)
}

/**
 * Full claim names or patterns; the first one found wins. If one pattern matches several claims, the first in alphabetical order
 * wins, so that the order in the token does not matter.
 */
export type ClaimNames = {
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  preferredUsername: readonly string[]
  /** Claims to keep unchanged, because rules name them. */
  custom?: readonly string[]
  /** Audience of the access token. Its `permissions` (Auth0 RBAC) count when the ID token has none. */
  audience?: string | undefined
  /** Called for each claim that cannot be used, for the log and the metrics. */
  onUnusable?: OnUnusable
}

type Claims = Readonly<Record<string, unknown>>

/** Maps an ID token's claims to those that a session keeps. Values of the wrong type are left out and reported. */
export function mapUserClaims(claims: Claims, names: ClaimNames): UserClaims {
  const report = names.onUnusable
  const text = (name: string | undefined) => (name === undefined ? undefined : textOf(name, claims[name], report))
  const list = (candidates: readonly string[]) => {
    const name = firstOf(claims, candidates)
    return name === undefined ? [] : listOf(name, claims[name], report)
  }
  const texts = {
    email: text('email'),
    name: text('name'),
    preferred_username: text(firstOf(claims, names.preferredUsername)),
    picture: text('picture'),
    org_id: text('org_id'),
    org_name: text('org_name'),
  }
  const isVerified = booleanOf('email_verified', claims['email_verified'], report)
  return {
    ...withoutMissing(texts),
    ...(isVerified !== undefined && { email_verified: isVerified }),
    roles: list(names.roles),
    groups: list(names.groups),
    permissions: list(names.permissions),
    ...customOf(claims, names.custom ?? [], report),
  }
}

function firstOf(claims: Claims, names: readonly string[]): string | undefined {
  for (const candidate of names) {
    const [name] = namesMeant(claims, candidate)
    if (name !== undefined) return name
  }
  return undefined
}

function namesMeant(claims: Claims, pattern: string): string[] {
  const isMeant = compileClaimName(pattern)
  return Object.keys(claims)
    .filter((name) => isMeant(name) && claims[name] !== undefined)
    .toSorted()
}

function customOf(claims: Claims, patterns: readonly string[], report?: OnUnusable): { custom?: Claims } {
  const names = patterns.flatMap((pattern) => namesMeant(claims, pattern))
  const kept = names.filter((name) => isComparable(name, claims[name], report))
  if (kept.length === 0) return {}
  return { custom: Object.fromEntries(kept.map((name) => [name, wellFormed(claims[name])])) }
}

function withoutMissing<T extends Record<string, string | undefined>>(record: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string
  }
}

/**
 * The `permissions` that Auth0 puts into the access token of an API with RBAC. The token came directly from the token
 * endpoint, so its signature is not verified (OIDC Core §3.1.3.7 item 6 allows this for ID tokens). It must still come from
 * our issuer and be meant for our API. A token that is not a JWT has no permissions.
 */
export function accessTokenPermissions(
  accessToken: string,
  { issuer, audience, report }: { issuer: string; audience: string | undefined; report?: OnUnusable | undefined },
): string[] {
  if (audience === undefined) return []
  const claims = readClaims(accessToken)
  if (claims?.['iss'] !== issuer || ![claims['aud']].flat().includes(audience)) return []
  return listOf('permissions', claims['permissions'], report)
}

function readClaims(token: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

import { readPath } from '../../src/boundary/request-target.ts'
import { routes as routesSchema } from '../../src/config/options/routes.ts'
import type { RouteConfig } from '../../src/config/schema.ts'
import type { MachinePrincipal, Principal, UserPrincipal } from '../../src/identity/principal.ts'
import { createPolicy, type Policy } from '../../src/policy/policy.ts'
import type { UserClaims } from '../../src/session/session.ts'

/** Friday noon, in milliseconds and in seconds. */
export const now = Date.UTC(2026, 0, 2, 12)
export const nowSeconds = now / 1000

/** Rules as written in configuration, checked and read as the gateway does. */
export function rules(written: readonly Record<string, unknown>[]): RouteConfig[] {
  return routesSchema.parse(written)
}

export function policyOf(written: readonly Record<string, unknown>[], contact = 'the owners'): Policy {
  const admin = { allow: { roles: ['stagedoor-admin'] } }
  return createPolicy({ routes: rules(written), upstreams: { backstage: {} }, admin, contact })
}

export const anonymous: Principal = { kind: 'anonymous' }

type UserParts = Partial<Omit<UserPrincipal, 'kind' | 'claims'>> & Partial<UserClaims>

export function user(parts: UserParts = {}): UserPrincipal {
  const { issuer = 'https://t/', subject = 'auth0|u', sessionId = 's', amr = [], authTimeSeconds, ...claims } = parts
  return {
    kind: 'user',
    issuer,
    subject,
    sessionId,
    amr,
    claims: { roles: [], groups: [], permissions: [], ...claims },
    ...(authTimeSeconds !== undefined && { authTimeSeconds }),
  }
}

/** A person who showed a second factor this many minutes ago. */
export function userWithMfa(minutesAgo: number, parts: UserParts = {}): UserPrincipal {
  return user({ amr: ['mfa', 'pwd'], authTimeSeconds: nowSeconds - minutesAgo * 60, ...parts })
}

export function machine(parts: Partial<MachinePrincipal> = {}): MachinePrincipal {
  return {
    kind: 'machine',
    issuer: 'https://t/',
    subject: 'ci@clients',
    clientId: 'ci',
    scopes: [],
    permissions: [],
    expiresAt: Infinity,
    claims: {},
    ...parts,
  }
}

/** Whether rules and upstream get this path as it was sent. */
export function isCanonical(path: string): boolean {
  const read = readPath(path)
  return typeof read !== 'string' && read.oddity === undefined && read.path === path
}

import { isName, isSubject } from '../oidc/claim-values.ts'
import { clientOf, isMachine } from '../oidc/machine-or-person.ts'
import { algorithmFault } from './accepted-algorithms.ts'
import type { CompactToken } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'

/** The values that a token's claims must match. Times in milliseconds. */
export type Expectations = {
  /** Accepted issuers, each with the audiences accepted from it. */
  issuers: ReadonlyMap<string, readonly string[]>
  /** The gateway's client ids at the issuers. A token whose audience is one of them is an ID token. */
  clientIds: readonly string[]
  now: number
  clockToleranceMs: number
  maxTokenAgeMs?: number | undefined
  deny: readonly DenyEntry[]
}

/** One check of a token. `fault` returns the reason to refuse the token, or undefined. */
type Check = {
  name: string
  fault: (token: CompactToken, expected: Expectations) => BearerReason | undefined
}

const headerFaults = new Map<string, BearerReason>([
  ['jku', 'header-key-reference'],
  ['jwk', 'header-key-reference'],
  ['x5u', 'header-key-reference'],
  ['x5c', 'header-key-reference'],
  ['x5t', 'header-key-reference'],
  ['x5t#S256', 'header-key-reference'],
  ['crit', 'header-critical'],
  ['b64', 'header-critical'],
  ['zip', 'header-compressed'],
  ['cty', 'header-nested'],
])

/** All checks that need no key, in order. */
export const checks: readonly Check[] = [
  { name: 'signed with a private key', fault: ({ header }) => algorithmFault(header['alg']) },
  { name: 'header has alg, kid and typ only', fault: ({ header }) => headerFault(header) },
  { name: 'type is JWT or at+jwt', fault: ({ header, claims }) => typeFault(header['typ'], claims) },
  { name: 'names its key', fault: ({ header }) => keyIdFault(header['kid']) },
  { name: 'comes from an issuer we trust', fault: ({ claims }, { issuers }) => issuerFault(claims['iss'], issuers) },
  { name: 'is an access token, not an ID token', fault: ({ claims }, { clientIds }) => kindFault(claims, clientIds) },
  { name: 'is meant for us', fault: ({ claims }, { issuers }) => audienceFault(claims, issuers) },
  { name: 'is valid now', fault: ({ claims }, expected) => timeFault(claims, expected) },
  { name: 'has a subject', fault: ({ claims }) => subjectFault(claims['sub']) },
  { name: 'names its client', fault: ({ claims }) => (clientOf(claims) === undefined ? 'client-missing' : undefined) },
  {
    name: 'is a bearer token',
    fault: ({ claims }) => (claims['cnf'] === undefined ? undefined : 'sender-constrained'),
  },
  { name: 'speaks for a machine', fault: ({ claims }) => (isMachine(claims) ? undefined : 'not-a-machine') },
  { name: 'is not denied', fault: ({ claims }, { deny }) => (isDenied(deny, claims) ? 'denied' : undefined) },
]

/** The first reason to refuse a token, before its signature is verified. */
export function firstFault(token: CompactToken, expected: Expectations): BearerReason | undefined {
  for (const { fault } of checks) {
    const reason = fault(token, expected)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** Whether a token is addressed to the gateway: its issuer is configured, and its audience is accepted or is our client id. */
export function isAddressed(
  { claims }: CompactToken,
  { issuers, clientIds }: Pick<Expectations, 'issuers' | 'clientIds'>,
): boolean {
  const audiences = issuers.get(String(claims['iss']))
  return audiences !== undefined && audiencesOf(claims).some((one) => [...audiences, ...clientIds].includes(one))
}

export function headerFault(header: CompactToken['header']): BearerReason | undefined {
  const stranger = Object.keys(header).find((name) => !['alg', 'kid', 'typ'].includes(name))
  return stranger === undefined ? undefined : (headerFaults.get(stranger) ?? 'header-unknown')
}

function typeFault(type: unknown, claims: CompactToken['claims']): BearerReason | undefined {
  // Media types are case-insensitive, and `application/` may be omitted (RFC 7515 §4.1.9).
  const name = typeof type === 'string' ? type.toLowerCase().replace(/^application\//, '') : undefined
  if (name === 'logout+jwt' || claims['events'] !== undefined) return 'logout-token'
  if (name?.startsWith('vnd.backstage.')) return 'backstage-token'
  return name === 'jwt' || name === 'at+jwt' ? undefined : 'type-unknown'
}

// A key id is only looked up in a map. Ids that could be a path or a query are refused all the same.
export function keyIdFault(kid: unknown): BearerReason | undefined {
  if (kid === undefined) return 'key-id-missing'
  return typeof kid === 'string' && /^[\w.~:=+-]{1,256}$/.test(kid) ? undefined : 'key-id-malformed'
}

function issuerFault(issuer: unknown, issuers: Expectations['issuers']): BearerReason | undefined {
  if (typeof issuer !== 'string') return 'issuer-missing'
  if (issuers.has(issuer)) return undefined
  const other = issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`
  return issuers.has(other) ? 'issuer-slash' : 'issuer-unknown'
}

const idTokenClaims = ['nonce', 'at_hash', 'c_hash'] as const

function kindFault(claims: CompactToken['claims'], clientIds: readonly string[]): BearerReason | undefined {
  const isForClient = audiencesOf(claims).some((audience) => clientIds.includes(audience))
  const hasIdTokenClaim = idTokenClaims.some((name) => claims[name] !== undefined)
  return isForClient || hasIdTokenClaim ? 'id-token' : undefined
}

export function subjectFault(subject: unknown): BearerReason | undefined {
  if (!isName(subject)) return 'subject-missing'
  return isSubject(subject) ? undefined : 'subject-malformed'
}

function audienceFault(claims: CompactToken['claims'], issuers: Expectations['issuers']): BearerReason | undefined {
  const named = audiencesOf(claims)
  if (named.length === 0) return 'audience-missing'
  const accepted = issuers.get(String(claims['iss'])) ?? []
  return named.some((audience) => accepted.includes(audience)) ? undefined : 'audience-mismatch'
}

/** `aud` as a list; empty if it is neither a string nor a list of strings (RFC 7519 §4.1.3). */
export function audiencesOf({ aud }: CompactToken['claims']): string[] {
  const list: unknown[] = Array.isArray(aud) ? aud : [aud]
  return list.every(isName) ? list : []
}

type Claims = Readonly<Record<string, unknown>>

/** One entry of `machines.deny`. It denies a token that matches all members that are set. */
export type DenyEntry = {
  client?: string | undefined
  subject?: string | undefined
  /** Milliseconds since the epoch. */
  issuedBefore?: number | undefined
}

/**
 * Whether a token is denied. Entries match claims, never the text of a token, and no `jti`, because Auth0's own profile has none.
 */
export function isDenied(entries: readonly DenyEntry[], claims: Claims): boolean {
  return entries.some((entry) => applies(entry, claims))
}

function applies({ client, subject, issuedBefore }: DenyEntry, claims: Claims): boolean {
  // A token may have both client claims. A match of either denies it.
  if (client !== undefined && claims['azp'] !== client && claims['client_id'] !== client) return false
  if (subject !== undefined && claims['sub'] !== subject) return false
  return issuedBefore === undefined || Number(claims['iat']) * 1000 < issuedBefore
}

type TimeLimits = Pick<Expectations, 'now' | 'clockToleranceMs' | 'maxTokenAgeMs'>

/** The first fault in a token's times. RFC 7519 §2 allows fractions in NumericDate; only whole seconds are accepted, as all issuers write them. */
export function timeFault(claims: CompactToken['claims'], limits: TimeLimits): BearerReason | undefined {
  const { exp, iat, nbf } = claims
  const { now, clockToleranceMs, maxTokenAgeMs = Infinity } = limits
  if (exp === undefined) return 'expiry-missing'
  if (!isSeconds(exp)) return 'expiry-malformed'
  if (exp * 1000 + clockToleranceMs <= now) return 'expired'
  if (iat === undefined) return 'issued-at-missing'
  if (!isSeconds(iat)) return 'issued-at-malformed'
  if (iat * 1000 - clockToleranceMs > now) return 'issued-in-future'
  if (nbf !== undefined && (!isSeconds(nbf) || nbf * 1000 - clockToleranceMs > now)) return 'not-yet-valid'
  return now - iat * 1000 > maxTokenAgeMs + clockToleranceMs ? 'too-old' : undefined
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

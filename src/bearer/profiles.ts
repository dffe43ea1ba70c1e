import type { OnUnusable } from '../oidc/claim-values.ts'
import type { JwksCache } from '../oidc/jwks-cache.ts'
import { clientOf } from '../oidc/machine-or-person.ts'
import { algorithmFault } from './accepted-algorithms.ts'
import { type AccessToken, type BackstageUser, accessTokenOf } from './access-token.ts'
import type { CompactToken } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'
import {
  type Expectations,
  firstFault,
  isAddressed,
  audiencesOf,
  headerFault,
  keyIdFault,
  subjectFault,
  type DenyEntry,
  isDenied,
  timeFault,
} from './token-checks.ts'

/** A verified token. */
export type Accepted = { kind: 'machine'; token: AccessToken } | { kind: 'backstage'; user: BackstageUser }

/** A token that is not addressed to the gateway. It passes through, and authenticates no one here. */
export type Foreign = { kind: 'foreign'; reason: BearerReason; isBackstage?: true }

/** The result of verifying a bearer token. */
export type Verdict =
  | Accepted
  | Foreign
  /** Addressed to the gateway, and invalid. */
  | { kind: 'refused'; reason: BearerReason; clientId?: string }
  /** A broken token, which cannot be parsed. */
  | { kind: 'unreadable'; reason: BearerReason }
  /** The keys to verify the token are not available. */
  | { kind: 'unavailable' }

/** One kind of token: its checks, the keys that verify it, and the result of an accepted token. */
export type Profile = {
  /** The first reason to refuse the token, before its signature is verified. `now` is in milliseconds since the epoch. */
  faultOf: (token: CompactToken, now: number) => BearerReason | undefined
  keysOf: (issuer: string) => JwksCache | undefined
  refusal: (token: CompactToken, reason: BearerReason) => Verdict
  accept: (token: CompactToken) => Accepted
  /** The time until which an accepted token can be used from the cache, in milliseconds since the epoch. */
  usableUntil: (claims: CompactToken['claims']) => number
}

/** A kind of token that may be addressed to the gateway or to another service. */
export type AddressedProfile = Profile & {
  /** Whether a token is addressed to the gateway according to its claims, valid or not. */
  isAddressed: (token: CompactToken) => boolean
}

/** Access tokens of machines. */
export function machineProfile(
  expected: Omit<Expectations, 'now'>,
  keysOf: (issuer: string) => JwksCache | undefined,
  onUnusable?: OnUnusable,
): AddressedProfile {
  const { clockToleranceMs, maxTokenAgeMs = Infinity } = expected
  return {
    keysOf,
    faultOf: (token, now) => firstFault(token, { ...expected, now }),
    isAddressed: (token) => isAddressed(token, expected),
    refusal(token, reason) {
      if (!isAddressed(token, expected)) return { kind: 'foreign', reason }
      const clientId = clientOf(token.claims)
      return { kind: 'refused', reason, ...(clientId === undefined ? {} : { clientId }) }
    },
    accept: ({ claims }) => ({ kind: 'machine', token: accessTokenOf(claims, onUnusable) }),
    usableUntil: ({ exp, iat }) =>
      Math.min(Number(exp) * 1000, Number(iat) * 1000 + maxTokenAgeMs) + clockToleranceMs - 1,
  }
}

type BackstageExpectations = {
  /** Backstage's `iss`: its base URL and `/api/auth`. */
  issuer: string
  keys: JwksCache
  clockToleranceMs: number
  deny: readonly DenyEntry[]
}

/** `typ` and `aud` of the tokens that Backstage issues to users. */
const userTokenType = 'vnd.backstage.user'
const backstageAudience = 'backstage'

/** User tokens issued by Backstage, as `backstage-cli` and MCP clients send them. */
export function backstageProfile({ issuer, keys, clockToleranceMs, deny }: BackstageExpectations): Profile {
  return {
    keysOf: () => keys,
    faultOf(token, now) {
      const { header, claims } = token
      return (
        algorithmFault(header['alg']) ??
        headerFault(header) ??
        keyIdFault(header['kid']) ??
        addressFault(claims, issuer) ??
        timeFault(claims, { now, clockToleranceMs }) ??
        subjectFault(claims['sub']) ??
        (isDenied(deny, claims) ? 'denied' : undefined)
      )
    },
    // The token is not addressed to the gateway; Backstage itself decides about it.
    refusal: (_token, reason) => ({ kind: 'foreign', reason, isBackstage: true }),
    accept: ({ claims }) => ({
      kind: 'backstage',
      user: { issuer, entityRef: String(claims['sub']), expiresAt: Number(claims['exp']) * 1000 },
    }),
    usableUntil: ({ exp }) => Number(exp) * 1000 + clockToleranceMs - 1,
  }
}

/** Whether the header's `typ` names one of Backstage's own kinds of token. */
export function isBackstageType({ header }: CompactToken): boolean {
  return typeof header['typ'] === 'string' && header['typ'].toLowerCase().startsWith('vnd.backstage.')
}

/** Whether the token is a Backstage user token. Plugins and cookies have other types. */
export function isUserType({ header }: CompactToken): boolean {
  return header['typ'] === userTokenType
}

function addressFault(claims: CompactToken['claims'], issuer: string): BearerReason | undefined {
  if (claims['iss'] !== issuer) return 'issuer-unknown'
  return audiencesOf(claims).includes(backstageAudience) ? undefined : 'audience-mismatch'
}

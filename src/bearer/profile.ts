import type { OnUnusable } from '../oidc/claim-values.ts'
import type { JwksCache } from '../oidc/jwks-cache.ts'
import { accessTokenOf, clientOf } from './access-token.ts'
import { type Expectations, firstFault, isAddressed } from './checks.ts'
import type { CompactToken } from './compact.ts'
import type { BearerReason } from './reasons.ts'
import type { Accepted, Verdict } from './verdict.ts'

/** One kind of token: its checks, the keys that verify it, and the principal that it makes. */
export type Profile = {
  /** The first reason to refuse it before its signature is looked at. `now` in milliseconds. */
  faultOf: (token: CompactToken, now: number) => BearerReason | undefined
  keysOf: (issuer: string) => JwksCache | undefined
  refusal: (token: CompactToken, reason: BearerReason) => Verdict
  accept: (token: CompactToken) => Accepted
  /** Until when an accepted token may be taken without looking again, milliseconds since the epoch. */
  usableUntil: (claims: CompactToken['claims']) => number
}

/** The kind of token that may be addressed to us, or to another service. */
export type AddressedProfile = Profile & {
  /** Whether a token claims to be for us, good or not. */
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

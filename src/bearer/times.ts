import type { CompactToken } from './compact.ts'
import type { BearerReason } from './reasons.ts'

export type TimeLimits = { now: number; clockToleranceMs: number; maxTokenAgeMs?: number | undefined }

/** The fault in a token's times. NumericDate has to be whole seconds (RFC 7519 §2), as all issuers write it. */
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

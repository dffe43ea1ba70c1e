import { LRUCache } from 'lru-cache'

import type { JwksCache } from '../oidc/jwks-cache.ts'
import { type CompactToken, parseCompact } from './compact.ts'
import {
  isBackstageType,
  isUserType,
  type AddressedProfile,
  type Profile,
  type Accepted,
  type Verdict,
} from './profiles.ts'
import { verifySignature } from './signature.ts'

/** Limits of the cache of verified tokens. The token texts take most of its memory. */
const maxVerifiedBytes = 32 * 1024 * 1024
const maxVerified = 20_000
const maxForeign = 5_000

type Remembered = { verdict: Accepted; usableUntil: number; kid: string; key: string; keys: JwksCache }

export type BearerVerifier = ReturnType<typeof createVerifier>

type VerifierOptions = {
  machine: AddressedProfile
  /** Without it, Backstage's own tokens authenticate no one at the gateway. */
  backstage?: Profile | undefined
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Verifies tokens and caches those that are valid. Each token has only one spelling (see `parseCompact`), so its text can be the
 * cache key. When the issuer removes a key, the tokens that it signed are no longer used from the cache.
 */
export function createVerifier({ machine, backstage, now }: VerifierOptions) {
  const verified = new LRUCache<string, Remembered>({
    max: maxVerified,
    maxSize: maxVerifiedBytes,
    sizeCalculation: (_entry, token) => token.length * 2,
  })
  const foreign = new LRUCache<string, true>({ max: maxForeign })

  /** The cached verdict, returned synchronously. This is the hot path. */
  function recall(token: string): Verdict | undefined {
    const entry = verified.get(token)
    if (entry === undefined) return undefined
    if (now() <= entry.usableUntil && entry.keys.recall(entry.kid) === entry.key) return entry.verdict
    verified.delete(token)
    return undefined
  }

  async function verify(token: string): Promise<Verdict> {
    const parsed = parseCompact(token)
    if (typeof parsed === 'string') return unparsed(parsed)
    const profile = profileOf(parsed)
    if (profile === undefined) return { kind: 'foreign', reason: 'backstage-token', isBackstage: true }
    const fault = profile.faultOf(parsed, now())
    if (fault !== undefined) return profile.refusal(parsed, fault)
    return verifyWith(profile, parsed, token)
  }

  async function verifyWith(profile: Profile, parsed: CompactToken, token: string): Promise<Verdict> {
    const keys = profile.keysOf(String(parsed.claims['iss']))
    if (keys === undefined) return { kind: 'unavailable' }
    const result = await verifySignature(parsed, keys)
    if ('key' in result) {
      const verdict = profile.accept(parsed)
      const usableUntil = profile.usableUntil(parsed.claims)
      verified.set(token, { verdict, usableUntil, kid: String(parsed.header['kid']), key: result.key, keys })
      return verdict
    }
    return result.fault === 'unavailable' ? { kind: 'unavailable' } : profile.refusal(parsed, result.fault)
  }

  function profileOf(parsed: CompactToken): Profile | undefined {
    if (!isBackstageType(parsed)) return machine
    return isUserType(parsed) ? backstage : undefined
  }

  /** Whether a token is addressed to the gateway; for requests that also have a session. */
  function isOurs(token: string): boolean {
    if (verified.get(token)?.verdict.kind === 'machine') return true
    if (foreign.get(token) !== undefined) return false
    const parsed = parseCompact(token)
    const isForeign = typeof parsed === 'string' || isBackstageType(parsed) || !machine.isAddressed(parsed)
    if (isForeign && token.length < 4_096) foreign.set(token, true)
    return !isForeign
  }

  return { recall, verify, isOurs }
}

/** Opaque and encrypted tokens may be for another service, so they are foreign. A broken JWS is never valid. */
function unparsed(reason: Exclude<ReturnType<typeof parseCompact>, CompactToken>): Verdict {
  return reason === 'opaque' || reason === 'encrypted' ? { kind: 'foreign', reason } : { kind: 'unreadable', reason }
}

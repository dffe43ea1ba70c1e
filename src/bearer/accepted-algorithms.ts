// This folder: the stage that verifies access tokens.

import { isNone } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'

/** Algorithms that sign with a private key, named one by one (RFC 8725 §3.1). */
const algorithms = [
  ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  // Two names of one algorithm (RFC 8037, RFC 9864).
  ['EdDSA', 'Ed25519'],
].flat()

/** Why a token's algorithm is refused. */
export function algorithmFault(algorithm: unknown): BearerReason | undefined {
  if (isNone(algorithm)) return 'algorithm-none'
  if (typeof algorithm === 'string' && /^hs\d/i.test(algorithm)) return 'algorithm-symmetric'
  return algorithms.includes(algorithm as string) ? undefined : 'algorithm-unknown'
}

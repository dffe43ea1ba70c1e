import { errors, flattenedVerify } from 'jose'

import type { JwksCache } from '../oidc/jwks-cache.ts'
import type { CompactToken } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'

/** The key that verified the signature, as text, or the reason of the failure. */
type SignatureResult = { key: string } | { fault: BearerReason } | { fault: 'unavailable' }

/** Verifies a signature with the issuer's key whose id is `kid`. Other references to keys in the header are never used. */
export async function verifySignature(
  { header, parts }: CompactToken,
  keys: Pick<JwksCache, 'recall' | 'find' | 'select'>,
): Promise<SignatureResult> {
  const kid = String(header['kid'])
  const lookup = keys.recall(kid) === undefined ? await keys.find(kid) : 'known'
  const key = keys.recall(kid)
  if (lookup === 'unavailable') return { fault: 'unavailable' }
  if (key === undefined) return { fault: 'key-unknown' }
  const [protectedHeader, payload, signature] = parts
  try {
    await flattenedVerify({ protected: protectedHeader, payload, signature }, keys.select, {
      algorithms: [String(header['alg'])],
    })
    return { key }
  } catch (error) {
    return { fault: error instanceof errors.JOSEError ? (faults.get(error.code) ?? 'signature') : 'signature' }
  }
}

/** jose selects a key by id, algorithm, type and curve. The id is known here, so one of the others does not match (RFC 8725 §3.1). */
const faults = new Map<string, BearerReason>([
  [errors.JWKSNoMatchingKey.code, 'key-mismatch'],
  [errors.JWKSMultipleMatchingKeys.code, 'key-mismatch'],
])

import { errors, flattenedVerify } from 'jose'

import type { JwksCache } from '../oidc/jwks-cache.ts'
import type { CompactToken } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'

/** The key that the signature was verified with, as text, or why it was not. */
type SignatureResult = { key: string } | { fault: BearerReason } | { fault: 'unavailable' }

/** Verifies a signature with the issuer's key of that id; what the header says of keys otherwise is never followed. */
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

/** jose selects by id, algorithm, type and curve: with the id known, another of them differs (RFC 8725 §3.1). */
const faults = new Map<string, BearerReason>([
  [errors.JWKSNoMatchingKey.code, 'key-mismatch'],
  [errors.JWKSMultipleMatchingKeys.code, 'key-mismatch'],
])

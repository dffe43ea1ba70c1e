import { flattenedVerify, type JWK } from 'jose'

import { mayVerify } from '../oidc/jwk-set.ts'
import type { JwksCache } from '../oidc/jwks-cache.ts'
import type { CompactToken } from './compact.ts'
import type { BearerReason } from './reasons.ts'

/** The key that the signature was verified with, or why it was not. */
export type SignatureResult = { jwk: JWK } | { fault: BearerReason } | { fault: 'unavailable' }

/** Verifies a signature with the issuer's key of that id; what the header says of keys otherwise is never followed. */
export async function verifySignature(
  { header, parts }: CompactToken,
  keys: Pick<JwksCache, 'recall' | 'find'>,
): Promise<SignatureResult> {
  const kid = String(header['kid'])
  const algorithm = String(header['alg'])
  const jwk = keys.recall(kid) ?? (await keys.find(kid))
  if (jwk === 'unavailable') return { fault: 'unavailable' }
  if (jwk === 'unknown') return { fault: 'key-unknown' }
  if (!mayVerify(jwk, algorithm)) return { fault: 'key-mismatch' }
  const [protectedHeader, payload, signature] = parts
  try {
    await flattenedVerify({ protected: protectedHeader, payload, signature }, jwk, { algorithms: [algorithm] })
    return { jwk }
  } catch {
    return { fault: 'signature' }
  }
}

// This folder: the stage that verifies access tokens.

import { signatureAlgorithms } from '../oidc/signature-algorithms.ts'
import { isNone } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'

/** The reason to refuse a token because of its algorithm; undefined if the algorithm is accepted. */
export function algorithmFault(algorithm: unknown): BearerReason | undefined {
  if (isNone(algorithm)) return 'algorithm-none'
  if (typeof algorithm === 'string' && /^hs\d/i.test(algorithm)) return 'algorithm-symmetric'
  return signatureAlgorithms.includes(algorithm as string) ? undefined : 'algorithm-unknown'
}

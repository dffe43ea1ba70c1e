import { assertionAlgorithm } from '@stagedoor/assertion-contract'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'

import type { TestHeader } from './types.ts'

export type TestKey = {
  publicJwk: Record<string, unknown>
  sign: (claims: Record<string, unknown>, header: TestHeader) => Promise<string>
}

/** A key pair as Stagedoor makes them; its id is the thumbprint (RFC 7638). */
export async function createTestKey(): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(assertionAlgorithm)
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    publicJwk: { ...jwk, kid, alg: assertionAlgorithm, use: 'sig' },
    sign: async (claims, { typ, ...header }) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: assertionAlgorithm, kid, ...header, ...(typ !== undefined && { typ }) })
        .sign(privateKey),
  }
}

import type { Test } from 'tap'

import { generateRsaKeyPair, type KeyPair } from '../../auth0/local/keys.ts'

const spare: KeyPair[] = []

/**
 * RSA keys for a local Auth0, until the test ends. Making a key takes longer than starting the local Auth0, so one
 * that has ended leaves its keys to the next. It uses them under another `kid`, and no two that run together share any.
 */
export function borrowKeyPairs(t: Test): () => Promise<KeyPair> {
  const borrowed: KeyPair[] = []
  t.teardown(() => void spare.push(...borrowed))
  return async () => {
    const keyPair = spare.pop() ?? (await generateRsaKeyPair())
    borrowed.push(keyPair)
    return keyPair
  }
}

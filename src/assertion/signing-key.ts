import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

/** The stored form of a key that signs assertions: a private JWK (RFC 7517) for ES256. */
export type StoredKey = { kid: string; jwk: JWK }

/** The same, ready to sign. */
export type SigningKey = { kid: string; privateKey: CryptoKey; publicJwk: JWK }

/** Makes a key whose id is its thumbprint (RFC 7638), so that no two keys can share one. */
export async function generateStoredKey(): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { kid: await calculateJwkThumbprint(jwk), jwk }
}

/** @throws TypeError when what was stored is not a private ES256 key */
export async function openStoredKey({ kid, jwk }: StoredKey): Promise<SigningKey> {
  const privateKey = await importJWK(jwk, 'ES256')
  if (privateKey instanceof Uint8Array || privateKey.type !== 'private') throw new TypeError(`key ${kid} cannot sign`)
  const { kty, crv, x, y } = jwk
  return { kid, privateKey, publicJwk: { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' } as JWK }
}

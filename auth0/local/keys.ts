import { generateKeyPair as generateKeyPairCallback, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

import { SignJWT, jwtVerify } from 'jose'
import type { JWK, JWTHeaderParameters, JWTPayload } from 'jose'

const generateKeyPair = promisify(generateKeyPairCallback)

export type KeyPair = { privateKey: KeyObject; publicKey: KeyObject }
type SigningKey = KeyPair & { kid: string }

/** Takes some 50 ms of computing. */
export const generateRsaKeyPair = (): Promise<KeyPair> => generateKeyPair('rsa', { modulusLength: 2048 })

export type KeyRing = {
  currentKid: () => string
  currentPrivateJwk: () => JWK
  jwks(): { keys: JWK[] }
  /** The next key becomes current; the previous one stays published until it is revoked. */
  rotate: (options?: { revoke?: boolean }) => Promise<void>
  sign: (payload: JWTPayload, header?: Partial<JWTHeaderParameters>) => Promise<string>
  /** Checks the signature only: callers decide about time and audience. Gives undefined for a bad token. */
  verify: (token: string) => Promise<JWTPayload | undefined>
}

/** Auth0 publishes current and next key always, and the previous one until someone revokes it. */
export async function createKeyRing(makeKeyPair = generateRsaKeyPair): Promise<KeyRing> {
  const generateSigningKey = async (): Promise<SigningKey> => ({
    kid: randomBytes(16).toString('base64url'),
    ...(await makeKeyPair()),
  })
  let [current, next] = await Promise.all([generateSigningKey(), generateSigningKey()])
  let previous: SigningKey | undefined

  const published = () => [current, next, ...(previous ? [previous] : [])]

  return {
    currentKid: () => current.kid,
    currentPrivateJwk: () => ({ ...current.privateKey.export({ format: 'jwk' }), kid: current.kid, alg: 'RS256' }),
    jwks: () => ({ keys: published().map(publicJwk) }),
    async rotate({ revoke = false } = {}) {
      const fresh = await generateSigningKey()
      previous = revoke ? undefined : current
      current = next
      next = fresh
    },
    sign: (payload, header = {}) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: current.kid, ...header })
        .sign(current.privateKey),
    async verify(token) {
      for (const key of published()) {
        const payload = await verifiedPayload(token, key)
        if (payload) return payload
      }
      return undefined
    },
  }
}

function publicJwk(key: SigningKey): JWK {
  return { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: 'RS256', use: 'sig' }
}

async function verifiedPayload(token: string, key: SigningKey): Promise<JWTPayload | undefined> {
  try {
    // A logout hint may be long expired and still names its session.
    const { payload } = await jwtVerify(token, key.publicKey, { algorithms: ['RS256'], currentDate: new Date(0) })
    return payload
  } catch {
    return undefined
  }
}

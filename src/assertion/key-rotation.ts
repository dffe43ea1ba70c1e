import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

/**
 * The keys of one purpose: assertions, machines or the audit trail. With scheduled rotation, `next` is published a whole period before
 * it signs, so that upstreams know a key before they need it. `previous` stays published for the tokens that it signed. Each rotation
 * drops the old `previous`.
 */
export type KeyRing = {
  previous?: StoredKey
  current: StoredKey
  next: StoredKey
  /** When `current` took over, and `next` was published; milliseconds since the epoch. */
  rotatedAt: number
  /** `previous` signs until this time (milliseconds since the epoch), because some processes may not publish `current` yet. */
  signsFrom?: number
}

/**
 * Makes `next` the current key, and `fresh` the next one. `rotatedAt` can be in the future if the clock was ahead and has been set
 * back; this must not delay a key.
 * @param publishAheadMs how long a key must have been published before it signs
 */
export function rotate(ring: KeyRing, fresh: StoredKey, now: number, publishAheadMs = 0): KeyRing {
  const signsFrom = Math.min(ring.rotatedAt, now) + publishAheadMs
  // Always greater than the last value, because processes compare it to find the newer of two rings.
  const rotatedAt = Math.max(now, ring.rotatedAt + 1)
  const next = { previous: ring.current, current: ring.next, next: fresh, rotatedAt }
  return signsFrom > now ? { ...next, signsFrom } : next
}

/** The key that signs at the given time. */
export function signingKeyIn({ previous, current, signsFrom = 0 }: KeyRing, now: number): StoredKey {
  return signsFrom > now && previous !== undefined ? previous : current
}

/** Tokens live for five minutes at most; the extra minute is for processes that read a rotation late. */
const lastTokensMs = 6 * 60_000

/**
 * The time until which `previous` is needed, because it signs or because tokens that it signed are still valid. No rotation may drop
 * it before. Undefined when it can be dropped. A time further ahead than any real wait means that the clock was set back, and is ignored.
 * @param dropsTokens whether `previous` may be dropped while tokens that it signed are still valid; it is then needed only while it signs
 */
export function previousNeededUntil(ring: KeyRing, now: number, dropsTokens: boolean): number | undefined {
  const { previous, rotatedAt, signsFrom = rotatedAt } = ring
  const until = signsFrom + (dropsTokens ? 0 : lastTokensMs)
  const isNeeded = previous !== undefined && until > now && until - now <= 2 * lastTokensMs
  return isNeeded ? until : undefined
}

/** Milliseconds until the next rotation, at least 0. */
export function msUntilRotation(ring: Pick<KeyRing, 'rotatedAt'>, rotateEveryMs: number, now: number): number {
  return Math.max(0, ring.rotatedAt + rotateEveryMs - now)
}

/** Every key that may have signed, or will sign, a token that an upstream receives. */
export function publishedKeys({ previous, current, next }: KeyRing): StoredKey[] {
  return previous === undefined ? [current, next] : [previous, current, next]
}

/** The stored form of a signing key: a private JWK (RFC 7517) for ES256. */
type StoredKey = { kid: string; jwk: JWK }

/** A key that is ready to sign. */
export type SigningKey = { kid: string; privateKey: CryptoKey; publicJwk: JWK }

/** Makes a key whose id is its thumbprint (RFC 7638), so that no two keys share an id. */
export async function generateStoredKey(): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { kid: await calculateJwkThumbprint(jwk), jwk }
}

/** @throws TypeError when the stored key is not a private ES256 key */
export async function openStoredKey({ kid, jwk }: StoredKey): Promise<SigningKey> {
  const privateKey = await importJWK(jwk, 'ES256')
  if (privateKey instanceof Uint8Array || privateKey.type !== 'private') throw new TypeError(`key ${kid} cannot sign`)
  return { kid, privateKey, publicJwk: publicHalf({ kid, jwk }) }
}

export function publicHalf({ kid, jwk: { kty, crv, x, y } }: StoredKey): JWK {
  return { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' } as JWK
}

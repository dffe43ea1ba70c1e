import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

/**
 * The keys of one purpose: assertions, machines or the audit trail. By schedule `next` is published a whole period before it signs,
 * so that no upstream meets a key it has not seen, and `previous` stays until its last signatures have expired. Each rotation
 * drops `previous`.
 */
export type KeyRing = {
  previous?: StoredKey
  current: StoredKey
  next: StoredKey
  /** When `current` took over, and `next` was published; milliseconds since the epoch. */
  rotatedAt: number
  /** Until then `previous` still signs: some processes may not publish `current` yet. */
  signsFrom?: number
}

/**
 * Times of the ring may lie in the future, where the clock was ahead and has been set back: that must not hold a key back.
 * @param publishAheadMs how long a key must have been published before it signs
 */
export function rotate(ring: KeyRing, fresh: StoredKey, now: number, publishAheadMs = 0): KeyRing {
  const signsFrom = Math.min(ring.rotatedAt, now) + publishAheadMs
  // Later than before in any case: processes tell by it which of two rings is the newer one.
  const rotatedAt = Math.max(now, ring.rotatedAt + 1)
  const next = { previous: ring.current, current: ring.next, next: fresh, rotatedAt }
  return signsFrom > now ? { ...next, signsFrom } : next
}

/** The key that signs at a time. */
export function signingKeyIn({ previous, current, signsFrom = 0 }: KeyRing, now: number): StoredKey {
  return signsFrom > now && previous !== undefined ? previous : current
}

/** A token lives for five minutes at most, and a process may hear of a rotation a little later. */
const lastTokensMs = 6 * 60_000

/**
 * Until when `previous` is needed: it signs, or tokens that it signed are valid. No rotation may drop it before. Undefined where
 * it can be dropped. A wait that is longer than any real one means that the clock was set back, and counts as none.
 * @param dropsTokens whether `previous` may go although tokens that it signed are still valid: it is then needed only while it signs
 */
export function previousNeededUntil(ring: KeyRing, now: number, dropsTokens: boolean): number | undefined {
  const { previous, rotatedAt, signsFrom = rotatedAt } = ring
  const until = signsFrom + (dropsTokens ? 0 : lastTokensMs)
  const isNeeded = previous !== undefined && until > now && until - now <= 2 * lastTokensMs
  return isNeeded ? until : undefined
}

/** How long until the next rotation; not negative. */
export function msUntilRotation(ring: Pick<KeyRing, 'rotatedAt'>, rotateEveryMs: number, now: number): number {
  return Math.max(0, ring.rotatedAt + rotateEveryMs - now)
}

/** Every key that an upstream may meet. */
export function publishedKeys({ previous, current, next }: KeyRing): StoredKey[] {
  return previous === undefined ? [current, next] : [previous, current, next]
}

/** The stored form of a key of ours (assertions, machines, the audit trail): a private JWK (RFC 7517) for ES256. */
type StoredKey = { kid: string; jwk: JWK }

/** A key that is ready to sign. */
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
  return { kid, privateKey, publicJwk: publicHalf({ kid, jwk }) }
}

export function publicHalf({ kid, jwk: { kty, crv, x, y } }: StoredKey): JWK {
  return { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' } as JWK
}

import type { StoredKey } from './signing-key.ts'

/**
 * The keys of assertions. `next` is published a whole period before it signs, so that no upstream meets a key it has
 * not seen; `previous` stays until its last signatures have expired.
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

/** @param publishAheadMs how long a key must have been published before it signs */
export function rotate(ring: KeyRing, fresh: StoredKey, now: number, publishAheadMs = 0): KeyRing {
  const signsFrom = ring.rotatedAt + publishAheadMs
  const next = { previous: ring.current, current: ring.next, next: fresh, rotatedAt: now }
  return signsFrom > now ? { ...next, signsFrom } : next
}

/** The key that signs at a time. */
export function signingKeyIn({ previous, current, signsFrom = 0 }: KeyRing, now: number): StoredKey {
  return signsFrom > now && previous !== undefined ? previous : current
}

/** How long until the next rotation; not negative. */
export function msUntilRotation(ring: KeyRing, rotateEveryMs: number, now: number): number {
  return Math.max(0, ring.rotatedAt + rotateEveryMs - now)
}

/** Every key that an upstream may meet. */
export function publishedKeys({ previous, current, next }: KeyRing): StoredKey[] {
  return previous === undefined ? [current, next] : [previous, current, next]
}

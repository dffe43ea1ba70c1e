import type { StoredKey } from './signing-key.ts'

/**
 * The keys of assertions. `next` is published a whole period before it signs, so that no upstream meets a key it has
 * not seen; `previous` stays until its last signatures have expired.
 */
export type KeyRing = {
  previous?: StoredKey
  current: StoredKey
  next: StoredKey
  /** When `current` began to sign, milliseconds since the epoch. */
  rotatedAt: number
}

export function rotate(ring: KeyRing, fresh: StoredKey, now: number): KeyRing {
  return { previous: ring.current, current: ring.next, next: fresh, rotatedAt: now }
}

/** How long until the next rotation; not negative. */
export function msUntilRotation(ring: KeyRing, rotateEveryMs: number, now: number): number {
  return Math.max(0, ring.rotatedAt + rotateEveryMs - now)
}

/** Every key that an upstream may meet. */
export function publishedKeys({ previous, current, next }: KeyRing): StoredKey[] {
  return previous === undefined ? [current, next] : [previous, current, next]
}

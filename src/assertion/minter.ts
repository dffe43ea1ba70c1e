import { LRUCache } from 'lru-cache'

import type { UserPrincipal } from '../identity/principal.ts'
import { assertionClaims, signAssertion } from './mint.ts'
import type { SigningKey } from './signing-key.ts'

/** An assertion is used again while this much of its life is left, so that it never expires on the way. */
export const minRemainingMs = 60_000
/** About 2 KiB each. */
const maxRemembered = 10_000

export type Minted = { jws: string; expiresAt: number; kid: string }

export type MinterOptions = {
  issuer: string
  audience: string
  lifetimeMs: number
  currentKey: () => SigningKey
  /** Milliseconds since the epoch. */
  now: () => number
  randomId: () => string
}

export type Minter = {
  /** The assertion at hand, if it is still good; the hot path. */
  recall(user: UserPrincipal): string | undefined
  mint(user: UserPrincipal): Promise<string>
}

/**
 * Mints one assertion a principal and keeps it: signing costs more than everything else on the way. A principal is made
 * anew whenever its session changes, and a key that no longer signs takes its assertions with it.
 */
export function createMinter(options: MinterOptions): Minter {
  const { now, currentKey, randomId } = options
  const minted = new LRUCache<UserPrincipal, Minted>({ max: maxRemembered })
  const inFlight = new Map<UserPrincipal, Promise<string>>()

  async function mintNow(user: UserPrincipal): Promise<string> {
    const key = currentKey()
    const issuedAtSeconds = Math.floor(now() / 1000)
    const lifetimeSeconds = Math.floor(options.lifetimeMs / 1000)
    const claims = assertionClaims(user, { ...options, issuedAtSeconds, lifetimeSeconds, id: randomId() })
    const jws = await signAssertion(claims, key)
    minted.set(user, { jws, expiresAt: claims.exp * 1000, kid: key.kid })
    return jws
  }

  return {
    recall(user) {
      const known = minted.get(user)
      if (known === undefined || known.expiresAt - now() <= minRemainingMs) return undefined
      return known.kid === currentKey().kid ? known.jws : undefined
    },
    mint(user) {
      const pending = inFlight.get(user) ?? mintNow(user).finally(() => inFlight.delete(user))
      inFlight.set(user, pending)
      return pending
    },
  }
}

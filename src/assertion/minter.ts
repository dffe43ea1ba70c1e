import { SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'

import { assertionAlgorithm } from '../../packages/assertion-contract/src/index.ts'
import { upTo } from '../storage/memory-bound.ts'
import type { SigningKey } from './key-rotation.ts'

/** A statement is used again while this much of its life is left, so that it never expires on the way. */
const minRemainingMs = 60_000
/** About 2 KiB each. */
const maxRemembered = 10_000

/** The claims of a statement that do not depend on its subject. */
export type Issue = {
  issuer: string
  audience: string
  issuedAtSeconds: number
  lifetimeSeconds: number
  /** Unique id of this assertion (`jti`). */
  id: string
}

type MinterOptions<Who extends object> = {
  issuer: string
  audienceFor: (who: Who) => string
  lifetimeMs: number
  /** `typ` of the statements, which are compact JWS (RFC 7515, ES256). */
  type: string
  claims: (who: Who, issue: Issue) => { exp: number }
  currentKey: () => SigningKey
  /** Milliseconds since the epoch. */
  now: () => number
  randomId: () => string
}

export type Minter<Who extends object> = {
  /** The statement at hand, if it is still good; the hot path. */
  recall(who: Who): string | undefined
  mint(who: Who): Promise<string>
}

/**
 * Mints one statement a principal and keeps it: signing costs more than everything else on the way. A principal is made
 * anew whenever its session changes, and a key that no longer signs takes its statements with it.
 */
export function createMinter<Who extends object>(options: MinterOptions<Who>): Minter<Who> {
  const { now, currentKey, randomId, issuer } = options
  const minted = new LRUCache<Who, { jws: string; expiresAt: number; kid: string }>(upTo(maxRemembered))
  const inFlight = new Map<Who, Promise<string>>()

  async function mintNow(who: Who): Promise<string> {
    const key = currentKey()
    const issuedAtSeconds = Math.floor(now() / 1000)
    const lifetimeSeconds = Math.floor(options.lifetimeMs / 1000)
    const audience = options.audienceFor(who)
    const claims = options.claims(who, { issuer, audience, issuedAtSeconds, lifetimeSeconds, id: randomId() })
    const jws = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: assertionAlgorithm, kid: key.kid, typ: options.type })
      .sign(key.privateKey)
    minted.set(who, { jws, expiresAt: claims.exp * 1000, kid: key.kid })
    return jws
  }

  return {
    recall(who) {
      const known = minted.get(who)
      if (known === undefined) return undefined
      const remainingMs = known.expiresAt - now()
      // One that would last longer than a new one was made before the clock was set back: upstreams refuse what is from the future.
      if (remainingMs <= minRemainingMs || remainingMs > options.lifetimeMs) return undefined
      return known.kid === currentKey().kid ? known.jws : undefined
    },
    mint(who) {
      const pending = inFlight.get(who) ?? mintNow(who).finally(() => inFlight.delete(who))
      inFlight.set(who, pending)
      return pending
    },
  }
}

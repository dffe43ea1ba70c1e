import { SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'

import { assertionAlgorithm } from '../../packages/assertion-contract/src/index.ts'
import { upTo } from '../storage/memory-bound.ts'
import type { SigningKey } from './key-rotation.ts'

/** A statement is reused while it is valid for longer than this, so that it does not expire on the way. */
const minRemainingMs = 60_000
/** Each statement takes about 2 KiB. */
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
  /** The cached statement, if it can be reused. This is the hot path. */
  recall(who: Who): string | undefined
  mint(who: Who): Promise<string>
}

/**
 * Mints one statement for each principal and caches it, because signing costs more than all other work of a request. A changed session
 * gets a new principal object, and so a new statement. Statements are not reused once another key signs.
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
      // More time left than a new statement has: the clock was set back since. Upstreams reject a statement issued in the future.
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

import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'

/** A principal with an identity of ours: only these can meet a requirement. */
export type KnownPrincipal = UserPrincipal | MachinePrincipal

/** One question to a principal, with what an explanation needs: what was wanted, and what was there. */
export type Question = {
  wanted: string
  /** @param now milliseconds since the epoch */
  isMet: (principal: KnownPrincipal, now: number) => boolean
  found: (principal: KnownPrincipal, now: number) => string
}

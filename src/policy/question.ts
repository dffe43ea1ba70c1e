import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'

/** Somebody who said who they are: only of them can anything be required. */
export type KnownPrincipal = UserPrincipal | MachinePrincipal

/** One question to a principal, with what an explanation needs: what was wanted, and what was there. */
export type Question = {
  wanted: string
  /** @param now milliseconds since the epoch */
  isMet: (principal: KnownPrincipal, now: number) => boolean
  found: (principal: KnownPrincipal, now: number) => string
}

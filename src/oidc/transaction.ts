import type { SecondFactor } from './step-up.ts'

/** One login in flight: what must be known again when the browser comes back. Times in milliseconds. */
export type Transaction = {
  id: string
  issuer: string
  state: string
  nonce: string
  codeVerifier: string
  returnTo: string
  startedAt: number
  /** Organization that was asked for, by id or name. */
  organization?: string
  /** The second factor that this login has to prove. */
  secondFactor?: SecondFactor
}

export const transactionLifetimeMs = 600_000
export const maxTransactionsInFlight = 5

/**
 * Ids sort by the start of the login, so that the oldest is found without decrypting a cookie.
 * @param startedAt milliseconds since the epoch
 */
export function transactionId(startedAt: number, random: string): string {
  return `${startedAt.toString(36).padStart(9, '0')}-${random}`
}

/** The id that a `state` value names; nothing when it is not of our making. */
export function transactionIdOf(state: string | undefined): string | undefined {
  return state === undefined ? undefined : /^([0-9a-z]{9}-[A-Za-z0-9_-]{11})\.[A-Za-z0-9_-]{43}$/.exec(state)?.[1]
}

/** Ids that have to go so that one more login fits. */
export function surplusIds(inFlight: readonly string[]): string[] {
  return inFlight.toSorted().slice(0, Math.max(0, inFlight.length - maxTransactionsInFlight + 1))
}

export function isExpired(transaction: Transaction, now: number): boolean {
  return now - transaction.startedAt > transactionLifetimeMs
}

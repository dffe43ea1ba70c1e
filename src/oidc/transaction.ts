import { z } from 'zod'

import { slots } from './login-slots.ts'

/**
 * One login in flight. Only the browser that started it has it. Times are in milliseconds. It does not contain the requested
 * page, so that the cookie stays small.
 */
export type Transaction = z.infer<typeof transactionSchema>

const transactionSchema = z.object({
  id: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  startedAt: z.number(),
  /** The requested organization, by id or name. */
  organization: z.string().exactOptional(),
  /** The second factor that this login has to prove. */
  secondFactor: z.object({ withinMs: z.number().exactOptional() }).exactOptional(),
})

/** The content of `state`, which is sealed: the login, and the page to return to. The provider sends it back. */
export type LoginState = z.infer<typeof stateSchema>

const stateSchema = z.object({ slot: z.enum(slots), id: z.string(), returnTo: z.string() })

/** During a rolling update another version may have sealed another form, which counts as no transaction. */
export function readTransaction(payload: unknown): Transaction | undefined {
  return transactionSchema.safeParse(payload).data
}

export function readLoginState(payload: unknown): LoginState | undefined {
  return stateSchema.safeParse(payload).data
}

export const transactionLifetimeMs = 600_000

export function isExpired({ startedAt }: Transaction, now: number): boolean {
  return now - startedAt > transactionLifetimeMs
}

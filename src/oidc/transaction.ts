import { z } from 'zod'

import { slots } from './login-slots.ts'

/**
 * One login in flight. Only the browser that started it can present it. Times in milliseconds. Nothing in it grows
 * with the page that was asked for, so that the cookie stays small.
 */
export type Transaction = z.infer<typeof transactionSchema>

const transactionSchema = z.object({
  id: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  startedAt: z.number(),
  /** Organization that was asked for, by id or name. */
  organization: z.string().exactOptional(),
  /** The second factor that this login has to prove. */
  secondFactor: z.object({ withinMs: z.number().exactOptional() }).exactOptional(),
})

/** The content of `state`, sealed: which login it is, and the page to return to. The provider sends it back. */
export type LoginState = z.infer<typeof stateSchema>

const stateSchema = z.object({ slot: z.enum(slots), id: z.string(), returnTo: z.string() })

/** During a rolling update another version may have sealed it in another form: then it counts as absent. */
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

import { z } from 'zod'

/**
 * Places for logins in flight, one cookie each. However many tabs a browser opens at once, it never brings more login
 * cookies than there are places.
 */
export const slots = ['0', '1', '2', '3', '4'] as const
export type Slot = (typeof slots)[number]

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

/** One login of those in flight; undefined where a slot is free. */
export type Occupied = Partial<Record<Slot, Transaction>>

/**
 * The slot for one login more: a free one by chance, because tabs that start at once do not see each other's cookies;
 * where none is free, that of the oldest login.
 * @param random a whole number
 */
export function slotFor(inFlight: Occupied, random: number): Slot {
  const free = slots.filter((slot) => inFlight[slot] === undefined)
  const startedAt = (slot: Slot): number => inFlight[slot]?.startedAt ?? 0
  const oldest = slots.reduce((a, b) => (startedAt(b) < startedAt(a) ? b : a))
  return free[random % free.length] ?? oldest
}
